package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot/plotter"
)

// The plots of checkpoint writes: size against rate.

// draw draws by the size of what was written.
func draw(base, title, y string, curves []curve) error {
	return chart{title: title, x: "bytes written at once", y: y, logX: true}.draw(base, curves)
}

// plots draws what was measured.
func (b *ckptBench) plots() error {
	for _, count := range []int{1, 8} {
		for _, what := range []struct {
			file, y string
			of      func(ckptCell) float64
		}{
			{"rate", "writes per second", func(c ckptCell) float64 { return c.PerSecond }},
			{"mbs", "MB/s", func(c ckptCell) float64 { return c.MBs }},
		} {
			var curves []curve
			for _, nodes := range b.nodes {
				for _, encrypted := range []bool{true, false} {
					at := b.points(func(c ckptCell) bool {
						return c.Where != "link" && c.Nodes == nodes && c.Encrypted == encrypted && c.Writers == count && c.Guarantee == "all" && !c.Pinned
					}, what.of)
					if len(at) > 1 {
						curves = append(curves, curve{fmt.Sprintf("%d nodes, %s", nodes, sealing(encrypted)), at, !encrypted})
					}
				}
			}
			if len(curves) == 0 {
				continue
			}
			title := fmt.Sprintf("Checkpoint overwrites from one node, %d writers, ALL_REPLICAS", count)
			if err := draw(filepath.Join(b.out, fmt.Sprintf("ckpt-%s-%d", what.file, count)), title, what.y, curves); err != nil {
				return err
			}
		}
	}
	return b.linkPlot()
}

// points are the cells that match, by size; of one size the last.
func (b *ckptBench) points(match func(ckptCell) bool, of func(ckptCell) float64) (at plotter.XYs) {
	for _, c := range b.cells {
		if !match(c) {
			continue
		}
		x := plotter.XY{X: float64(c.Size), Y: of(c)}
		if i := slices.IndexFunc(at, func(p plotter.XY) bool { return p.X == x.X }); i >= 0 {
			at[i] = x
		} else {
			at = append(at, x)
		}
	}
	slices.SortFunc(at, func(a, b plotter.XY) int { return int(a.X - b.X) })
	return at
}

func (b *ckptBench) linkPlot() error {
	for _, kind := range linkKinds {
		var plain plotter.XYs
		ours := map[int]plotter.XYs{}
		for _, l := range b.link {
			if l.Packet != kind.packet || l.Frame != kind.frame {
				continue
			}
			ours[l.Writers] = append(ours[l.Writers], plotter.XY{X: float64(l.Size), Y: l.MBs})
			if l.Writers > 1 {
				plain = append(plain, plotter.XY{X: float64(l.Size), Y: l.Plain})
			}
		}
		if len(plain) < 2 {
			continue
		}
		curves := []curve{{"8 writers", ours[8], false}, {"1 writer", ours[1], false}, {"plain UDP", plain, true}}
		title := fmt.Sprintf("Checkpoint overwrites over %d Mbit/s, %d nodes, encrypted, ALL_REPLICAS, packets of %v", linkMbit, linkNodes, kind)
		if err := draw(filepath.Join(b.out, fmt.Sprintf("ckpt-link-%d-%d", kind.packet, kind.frame)), title, "MB/s", curves); err != nil {
			return err
		}
	}
	return nil
}
