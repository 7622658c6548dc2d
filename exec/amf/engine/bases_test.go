package engine

import (
	"strings"
)

// Models that scenarios share. A scenario may add to every line of a kind ("all comp
// tries=2"), or to that of one object ("at c1 tries=2").
var bases = map[string]string{
	"2n": `
node n1
node n2
sg g 2n
su u1 n1
comp c1
su u2 n2
comp c2
si s
csi k t`,
	"2n3": `
node n1
node n2
node n3
sg g 2n
su u1 n1
comp c1
su u2 n2
comp c2
su u3 n3
comp c3
si s
csi k t`,
	"2nx2": `
node n1
node n2
sg g 2n
su u1 n1
comp c1 types=t
comp d1 types=v
su u2 n2
comp c2 types=t
comp d2 types=v
si s
csi k t
csi l v`,
	"2ns2": `
node n1
node n2
sg g 2n
su u1 n1
comp c1
su u2 n2
comp c2
si s
csi k t
si r
csi l t`,
	"npm": `
node n1
node n2
node n3
sg g nplusm active=2 standby=1
su u1 n1
comp c1
su u2 n2
comp c2
su u3 n3
comp c3
si s1
csi k1 t
si s2
csi k2 t
si s3
csi k3 t
si s4
csi k4 t`,
	"nway": `
node n1
node n2
node n3
sg g nway
su u1 n1
comp c1
su u2 n2
comp c2
su u3 n3
comp c3
si s1
csi k1 t
si s2
csi k2 t
si s3
csi k3 t`,
	"nwa": `
node n1
node n2
node n3
sg g nwayactive
su u1 n1
comp c1
su u2 n2
comp c2
su u3 n3
comp c3
si s1 active=2
csi k1 t
si s2 active=2
csi k2 t`,
	"nored": `
node n1
node n2
node n3
sg g nored
su u1 n1
comp c1
su u2 n2
comp c2
su u3 n3
comp c3
si s1
csi k1 t
si s2
csi k2 t`,
	"a": `
opts gen=a
sg g 2n active=1 standby=2
su u1
comp a1
comp b1
su u2
comp a2
comp b2
su u3
comp a3
comp b3
si s
csi pa members=a1,a2,a3
csi pb members=b1,b2,b3`,
	"maj": `
opts majority lease=3s
node n1
node n2
node n3
sg g 2n
su u1 n1
comp c1
su u2 n2
comp c2
su u3 n3
comp c3
si s
csi k t`,
	"proxy": `
node n1
node n2
sg g 2n
su u1 n1
comp p1 cat=proxy types=pt
su u2 n2
comp p2 cat=proxy types=pt
sg h nored
su w1 - external
comp x1 cat=proxied types=xt proxycsi=kp
si sp sg=g
csi kp pt
si sx sg=h
csi kx xt`,
}

// baseModel is a base with a scenario's additions.
func baseModel(base, more string) string {
	lines := strings.Split(bases[base], "\n")
	for _, add := range strings.Split(more, "\n") {
		w := strings.Fields(add)
		switch {
		case len(w) == 0:
		case w[0] == "all" || w[0] == "at":
			for i, line := range lines {
				f := strings.Fields(line)
				if len(f) > 1 && (w[0] == "all" && f[0] == w[1] || w[0] == "at" && f[1] == w[1]) {
					lines[i] += " " + strings.Join(w[2:], " ")
				}
			}
		default:
			lines = append(lines, add)
		}
	}
	return strings.Join(lines, "\n")
}
