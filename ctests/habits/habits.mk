# habits.mk: included by the Makefile.
#
#   habits-bite   takes every protection of ctests/habits/protections.tsv away, one
#                 after the other, in a copy of the tree, and sees its test fail;
#                 BITE=pattern selects. Tens of minutes.
BITE ?= .

.PHONY: habits-bite
habits-bite: all
	AIS_BUILD="$(call full,$(BUILD))" AIS_BITE='$(BITE)' $(GO) test ./ctests/habits -run '^TestEveryProtectionBites$$' -count=1 -v -timeout 90m
