# The long trials of the event service. Included by campaign.mk.
#
#   make campaign-evt          CYCLES=200 kills, splits and heals with every event accounted for; SEED=1
#   make campaign-evt-stop     a subscriber that is stopped for a minute at full load
#   make campaign-evt-barrier  what retained events cost a join

EVT_CAMPAIGNS := evt evt-stop evt-barrier

.PHONY: $(EVT_CAMPAIGNS:%=campaign-%)

campaigns: $(EVT_CAMPAIGNS:%=campaign-%)

campaign-evt:         EVT_TEST := TestCampaignEvt
campaign-evt-stop:    EVT_TEST := TestCampaignEvtStop
campaign-evt-barrier: EVT_TEST := TestCampaignEvtBarrier

$(EVT_CAMPAIGNS:%=campaign-%): campaign-%: all
	AIS_BUILD="$(call full,$(BUILD))" AIS_CAMPAIGN=$* CYCLES=$(CYCLES) SEED=$(SEED) $(GO) test ./ctests/campaign/events -run '^$(EVT_TEST)$$' -count=1 -v -timeout 170m
