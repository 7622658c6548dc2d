package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestACommentIsTextArgumentsAndResults(t *testing.T) {
	d := parseDoc(`
saFooBar does something (3.4.1). It is
told twice.

one        what it is: with a
           second line.
two, three  both.
Text behind them.

SA_AIS_OK, also when nothing is done; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INIT,
SA_AIS_ERR_VERSION both for a reason; or another; and the errors of saFooBaz.

After an error nothing is known.
`)
	wantBlocks := []block{
		{"", "saFooBar does something (3.4.1). It is told twice."},
		{"one", "what it is: with a second line."}, {"two, three", "both."}, {"", "Text behind them."},
		{"", "After an error nothing is known."},
	}
	if !reflect.DeepEqual(d.blocks, wantBlocks) {
		t.Errorf("the text is %q", d.blocks)
	}
	wantCauses := []cause{
		{"SA_AIS_OK", "also when nothing is done"}, {"SA_AIS_ERR_BAD_HANDLE", ""},
		{"SA_AIS_ERR_INIT", "both for a reason"}, {"SA_AIS_ERR_VERSION", "both for a reason; or another"},
	}
	if !reflect.DeepEqual(d.causes, wantCauses) {
		t.Errorf("the results are %q", d.causes)
	}
	if !reflect.DeepEqual(d.like, []string{"saFooBaz"}) {
		t.Errorf("it is like %q", d.like)
	}
}

func TestTextIsNeverARequestOfThePage(t *testing.T) {
	p := &page{}
	p.heading("NAME")
	p.paragraph(".so /etc/passwd")
	p.paragraph("'lf \\fBbold\\fP is not")
	p.code("-x --long\n.PP")
	p.item("--flag", "A `mark` ~ and ^. The next. SA_OK is strong.")
	want := ".SH NAME\n\\&.so /etc/passwd\n.PP\n\\&'lf \\efBbold\\efP is not\n.PP\n.nf\n\\-x \\-\\-long\n\\&.PP\n.fi\n" +
		".TP\n.B \\-\\-flag\nA \\(gamark\\(ga \\(ti and \\(ha.\nThe next.\n\\fBSA_OK\\fP is strong.\n"
	if p.String() != want {
		t.Errorf("written is\n%s", p.String())
	}
}

func TestATableOfADocumentBecomesItems(t *testing.T) {
	p := &page{}
	p.markdown("Some `text`\nof [two](x.md) lines.\n\n| key | default | meaning |\n|---|---|---|\n| `a` | **1** | x_y or z \\| w |\n| `b` | - | how long |\n")
	want := "Some text of two (x.md) lines.\n"
	if got := p.String(); !strings.HasSuffix(got, ".TP\n.B a\nx_y or z | w.\nDefault: 1.\n.TP\n.B b\nHow long.\n") || !strings.Contains(got, want) {
		t.Errorf("written is\n%s", got)
	}
}

func TestAFunctionThatNothingDescribesIsAnError(t *testing.T) {
	a, err := readAPI("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := generateManual("../..", a, edition{"1", "2026-01-01"}); err != nil {
		t.Fatal(err)
	}
	a.functions = append(a.functions, &function{generation: "b01", service: "clm", name: "saClmNothing", returns: "SaAisErrorT",
		params: []string{"SaClmHandleT clmHandle"}, exports: []export{{"libais.so.10", "saClmNothing", ""}}})
	if _, err := generateManual("../..", a, edition{"1", "2026-01-01"}); err == nil || !strings.Contains(err.Error(), "saClmNothing") {
		t.Errorf("it gave %v", err)
	}
}
