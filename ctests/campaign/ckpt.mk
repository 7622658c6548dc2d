# The trials of the checkpoint service. Included by the project's Makefile.
#
#   make campaign-ckpt           CYCLES=200 SEED=1: kills and cut links under writers; what is lost is what is reported
#   make campaign-ckpt-planted   the same with an executive that acknowledges too early, which must be caught
#   make campaign-ckpt-join      1 GiB in 100,000 sections, a node joins under load

.PHONY: campaign-ckpt campaign-ckpt-planted campaign-ckpt-join

campaigns: campaign-ckpt campaign-ckpt-planted campaign-ckpt-join

CKPT_TRIAL = AIS_BUILD="$(abspath $(BUILD))" CYCLES="$(CYCLES)" SEED="$(SEED)" $(GO) test ./ctests/campaign -count=1 -v -timeout 170m

campaign-ckpt: all
	AIS_CAMPAIGN=ckpt $(CKPT_TRIAL) -run '^TestCampaignCkpt$$'

campaign-ckpt-planted: all
	CGO_ENABLED=0 $(GO) build $(GOFLAGS_BUILD) -tags planted_ckpt_ack -o $(BUILD)/ctests/aisexec-planted-ckpt ./cmd/aisexec
	AIS_PLANTED="$(abspath $(BUILD))/ctests/aisexec-planted-ckpt" AIS_CAMPAIGN=ckpt-planted $(CKPT_TRIAL) -run '^TestCampaignCkptPlanted$$'

campaign-ckpt-join: all
	AIS_CAMPAIGN=ckpt-join $(CKPT_TRIAL) -run '^TestCampaignCkptJoin$$'
