// The reference table of network.conf, made from the table of keys.

package config

import "strings"

// Reference is the table of all keys in Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString("| key | value | default | meaning |\n|---|---|---|---|\n")
	for i := range keys {
		k := &keys[i]
		def := k.def
		switch {
		case k.required:
			def = "**required**"
		case k.defNote != "":
			def = k.defNote
		default:
			def = "`" + def + "`"
		}
		name := "`" + k.name + "`"
		if k.repeats {
			name += " (repeated)"
		}
		b.WriteString("| " + name + " | " + k.values + " | " + def + " | " + k.doc + " |\n")
	}
	return b.String()
}
