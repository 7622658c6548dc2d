# The trials of the availability management framework. Included by the project's
# Makefile.
#
#   make campaign-amf-takeover   REPS=20: from a fault to the standby's CSISet(active)
#   make campaign-amf            CYCLES=100 SEED=1: kills of components and executives, and partitions (root)
#   make campaign-amf-majority   the same with the majority rule: never two active at any time

.PHONY: campaign-amf campaign-amf-majority campaign-amf-takeover

campaigns: campaign-amf-takeover campaign-amf campaign-amf-majority

AMF_TRIAL = AIS_BUILD="$(abspath $(BUILD))" CYCLES="$(CYCLES)" REPS="$(REPS)" SEED="$(SEED)" $(GO) test ./ctests/amfcampaign -count=1 -v -timeout 170m

campaign-amf-takeover: all
	AIS_CAMPAIGN=amf-takeover $(AMF_TRIAL) -run '^TestCampaignAmfTakeover$$'

campaign-amf: all
	AIS_CAMPAIGN=amf $(AMF_TRIAL) -run '^TestCampaignAmf$$'

campaign-amf-majority: all
	AIS_CAMPAIGN=amf-majority $(AMF_TRIAL) -run '^TestCampaignAmfMajority$$'
