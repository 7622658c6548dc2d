# The sample programs, built the way an application is: headers of one
# generation, and -lais. Included by the Makefile of the project.

SAMPLES_A := clm_watch_a01 evs_send ckpt_count_a01 evt_publish_a01 evt_subscribe_a01 amf_component_a01
SAMPLES_B := clm_watch_b01 evs_receive ckpt_count_b01 evt_publish_b01 evt_subscribe_b01 amf_component_b01

ifneq ($(ARCH),386)
samples: $(SAMPLES_A:%=$(BUILD)/samples/%) $(SAMPLES_B:%=$(BUILD)/samples/%)
endif

$(SAMPLES_A:%=$(BUILD)/samples/%): SAMPLE_INCLUDE := include/a.01.01
$(SAMPLES_B:%=$(BUILD)/samples/%): SAMPLE_INCLUDE := include

$(BUILD)/samples/%: ctests/samples/%.c ctests/samples/sample.h | lib
	@mkdir -p $(@D)
	$(CC) $(CWARN) -O2 -I$(SAMPLE_INCLUDE) -o $@ $< -L$(BUILD)/lib -lais -Wl,-rpath,'$$ORIGIN/../lib'
