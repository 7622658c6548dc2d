# Builds, tests and installs aisexec.
#
#   make            build/bin and build/lib (the same as make all)
#   make man        the manual's pages, in build/share/man (part of make all)
#   make demo       three executives on this machine, one of them killed
#   make demo-amf   availability management: kill the active, watch the standby take over
#   make test       everything that must be right before a change is taken
#   make bench      the measurements (takes long)
#   make bench-peers  ours beside corosync, cell by cell, and all else (root; three quarters of an hour)
#   make habits-bite   every protection of the C libraries, taken away, is missed by a test
#   make sim        SEEDS=N simulated clusters, from seed FIRST on
#   make install    into DESTDIR/PREFIX
#   make clean
#
# ARCH=386 builds the libraries for 32-bit programs (gcc -m32).

GO      ?= go
ifeq ($(origin CC),default)
CC      := gcc
endif
DESTDIR ?=
PREFIX  ?= /usr/local
ifneq ($(origin ARCH),command line)
ARCH    := $(shell $(GO) env GOARCH)
endif
SEEDS   ?= 1000
FIRST   ?= 1

BUILD   := build
VERSION := 0.1
# The day of that version, as the manual's pages tell it.
RELEASED := 2026-11-22
CWARN   := -Wall -Wextra -Werror -std=c99
# No version control is asked: there may be none, or one that refuses this user.
GOFLAGS_BUILD := -trimpath -buildvcs=false
# The programs need no C library: one file that runs anywhere.
GOBUILD  = CGO_ENABLED=0 $(GO) build $(GOFLAGS_BUILD) -ldflags "-s -w"
PROGRAMS := aisexec ais-keygen aisctl aisbench

.DEFAULT_GOAL := all
.PHONY: all bin lib samples man demo demo-amf test bench bench-peers sim install clean FORCE \
	check-format check-vet check-static test-go test-c

all: bin lib samples man

bin: $(PROGRAMS:%=$(BUILD)/bin/%)

# Go knows better than make what is out of date.
$(BUILD)/bin/%: FORCE
	@mkdir -p $(@D)
	$(GOBUILD) -o $@ ./cmd/$*

FORCE:

# The libraries: target lib, and what it installs.
include capi/build.mk
include capi/man.mk
include ctests/samples/samples.mk
include ctests/campaign/campaign.mk
include ctests/habits/habits.mk
include ctests/campaign/ckpt.mk
include ctests/amfcampaign/amf.mk

demo:
	@echo "building"
	@$(MAKE) -s --no-print-directory all
	@$(GO) build $(GOFLAGS_BUILD) -o $(BUILD)/ctests/demo ./ctests/demo
	@AIS_BUILD=$(BUILD) $(BUILD)/ctests/demo

demo-amf:
	@echo "building"
	@$(MAKE) -s --no-print-directory all
	@$(GO) build $(GOFLAGS_BUILD) -o $(BUILD)/ctests/amfdemo ./ctests/amfdemo
	@AIS_BUILD=$(BUILD) $(BUILD)/ctests/amfdemo

sim:
	$(GO) run ./exec/totem/sim/cmd -seeds $(SEEDS) -first $(FIRST)

bench: all
	$(BUILD)/bin/aisbench all

# PEERS="--quick" and the like are handed on.
bench-peers: all
	$(BUILD)/bin/aisbench peers $(PEERS)

test: check-format check-vet check-static test-go test-c
	@echo "make test: everything passed"

check-format:
	@out=$$(find . -name '*.go' -not -path './$(BUILD)/*' -exec gofmt -l {} +) || exit 1; \
	if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi

check-vet:
	$(GO) vet ./...

check-static:
	$(GO) tool staticcheck ./...

# The rooms first; then whole executives, one package at a time, because they
# are timed.
test-go:
	$(GO) test -timeout 25m $$($(GO) list ./... | grep -v '^ais/ctests/')

test-c: all
	AIS_BUILD="$(call full,$(BUILD))" $(GO) test -timeout 25m -p 1 ./ctests/...

SHARE := $(DESTDIR)$(PREFIX)/share/doc/aisexec

install: all install-lib install-man
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(SHARE) \
		$(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 0755 $(BUILD)/bin/aisexec $(BUILD)/bin/ais-keygen $(DESTDIR)$(PREFIX)/sbin
	install -m 0755 $(BUILD)/bin/aisctl $(BUILD)/bin/aisbench $(DESTDIR)$(PREFIX)/bin
	install -m 0644 README.md LICENSE capi/functions.md exec/ckpt/checkpoints.md exec/amf/availability.md $(SHARE)
	sed 's|@PREFIX@|$(PREFIX)|g' cmd/aisexec/aisexec.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/aisexec.service
	install -d $(DESTDIR)$(PREFIX)/lib/sysusers.d
	install -m 0644 cmd/aisexec/ais.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/ais.conf
	[ -n "$(DESTDIR)" ] || ldconfig || true

clean:
	rm -rf $(BUILD)
