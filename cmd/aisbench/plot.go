package main

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Drawing of lines.

// curve is a line of a plot.
type curve struct {
	name string
	at   plotter.XYs
	dash bool
}

// chart is what lines are drawn into. Both axes may be logarithmic; one that is
// not begins at zero.
type chart struct {
	title, x, y string
	logX, logY  bool
	low         bool // the legend lies below, at the right
}

var plotColours = []color.RGBA{
	{0x1f, 0x77, 0xb4, 0xff}, {0xd6, 0x27, 0x28, 0xff}, {0x2c, 0xa0, 0x2c, 0xff}, {0x94, 0x67, 0xbd, 0xff}, {0xff, 0x7f, 0x0e, 0xff},
	{0x8c, 0x56, 0x4b, 0xff},
}

// draw writes the chart as SVG and PNG. Solid and dashed lines have the same
// colours in turn.
func (c chart) draw(base string, curves []curve) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.title, c.x, c.y
	for _, a := range []struct {
		axis *plot.Axis
		log  bool
	}{{&p.X, c.logX}, {&p.Y, c.logY}} {
		if a.log {
			a.axis.Scale, a.axis.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		} else {
			a.axis.Min = 0
		}
	}
	p.Legend.Top, p.Legend.Left = !c.low, !c.low
	p.Add(plotter.NewGrid())
	solid, dashed := 0, 0
	for _, line := range curves {
		l, points, err := plotter.NewLinePoints(line.at)
		if err != nil {
			return fmt.Errorf("%s: %w", line.name, err)
		}
		n := &solid
		if line.dash {
			n = &dashed
			l.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		}
		l.Color = plotColours[*n%len(plotColours)]
		points.Color = l.Color
		*n++
		p.Add(l, points)
		p.Legend.Add(line.name, l)
	}
	for _, kind := range []string{".svg", ".png"} {
		if err := p.Save(18*vg.Centimeter, 12*vg.Centimeter, base+kind); err != nil {
			return err
		}
	}
	return nil
}
