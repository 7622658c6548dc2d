# The long trials of whole executives. Included by the project's Makefile.
#
#   make campaign-order       one order under loss, cut links and kills
#   make campaign-failover    how soon survivors learn of a loss
#   make campaign-stability   ten minutes on a busy machine without a change
#   make campaign-security    intruders, damage, replay, forgery
#   make campaign-overload    flooding clients
#   make campaign-idle        what idle executives cost
#   make campaigns            all of them
#
# AIS_SCALE=0.1 shortens (and 10 stretches) every one.

CAMPAIGNS := order failover stability security overload idle

.PHONY: campaigns $(CAMPAIGNS:%=campaign-%)

campaigns: $(CAMPAIGNS:%=campaign-%)

campaign-order:     CAMPAIGN_TEST := TestCampaignOrder
campaign-failover:  CAMPAIGN_TEST := TestCampaignFailover
campaign-stability: CAMPAIGN_TEST := TestCampaignStability
campaign-security:  CAMPAIGN_TEST := TestCampaignSecurity
campaign-overload:  CAMPAIGN_TEST := TestCampaignOverload
campaign-idle:      CAMPAIGN_TEST := TestCampaignIdle

$(CAMPAIGNS:%=campaign-%): campaign-%: all
	AIS_BUILD="$(call full,$(BUILD))" AIS_CAMPAIGN=$* $(GO) test ./ctests/campaign -run '^$(CAMPAIGN_TEST)$$' -count=1 -v -timeout 170m

include ctests/campaign/events/events.mk
