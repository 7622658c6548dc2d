# man.mk: the manual's pages. Included by the Makefile; owns $(BUILD)/share/man.
#
# They are made from the lists of capi, the comments of the headers, what the programs
# say when they are asked for help, README.md and the documents of AMF: see capi/gen.
# The programs have to be there and are asked again when their sources have changed.

MAN_SOURCES := $(wildcard capi/gen/*.go capi/*.tsv include/*.h include/*/*.h cmd/*/*.go exec/config/keys.go exec/amf/conf/*.go) \
	README.md exec/amf/availability.md Makefile capi/man.mk

man: $(BUILD)/share/man.made

$(BUILD)/share/man.made: $(MAN_SOURCES) | $(PROGRAMS:%=$(BUILD)/bin/%)
	@mkdir -p $(@D)
	$(GO) run ./capi/gen -man $(BUILD)/share/man -programs $(BUILD)/bin -version $(VERSION) -date $(RELEASED)
	@touch $@

install-man: man
	for s in 1 3 5 8; do install -d $(DESTDIR)$(PREFIX)/share/man/man$$s && \
		install -m 0644 $(BUILD)/share/man/man$$s/* $(DESTDIR)$(PREFIX)/share/man/man$$s/ || exit 1; done
