# build.mk: the C libraries. Included by the Makefile; owns what is in
# $(CAPI_OUT) and in $(BUILD)/obj.
#
# Targets
#   lib            libraries, archives, links and the runtime
#   install-lib    they, the headers and the pkg-config files, into DESTDIR/PREFIX
#   capi-generate  writes what is made from capi/*.tsv (committed)
# ARCH=386 builds with gcc -m32 into $(BUILD)/lib32. LIBDIR is where libraries are
# installed: PREFIX/lib, or PREFIX/lib32. ARCH, BUILD and LIBDIR are taken from
# the command line only: other programs have variables of these names in their
# environment. BUILD may be a full path; names with blanks are possible above the
# tree, not in BUILD, because make has no names with blanks.

# A name of this makefile as a full path. ($(abspath) does not know blanks.)
full = $(if $(filter /%,$(firstword $(1))),$(1),$(CURDIR)/$(1))

CAPI_OUT   := $(BUILD)/lib$(if $(filter 386,$(ARCH)),32)
CAPI_OBJ   := $(BUILD)/obj/$(ARCH)
CAPI_M     := $(if $(filter 386,$(ARCH)),-m32,$(if $(filter amd64,$(ARCH)),-m64))
RUNTIME    := libais-runtime.so.1
ifneq ($(origin LIBDIR),command line)
LIBDIR     := $(PREFIX)/lib$(if $(filter 386,$(ARCH)),32)
endif

CAPI_CFLAGS  = $(CWARN) $(CAPI_M) -O2 $(CFLAGS) -D_GNU_SOURCE -fPIC -fvisibility=hidden -fexceptions \
	-ffunction-sections -fdata-sections -I. -Iinclude -DAISF_RUNTIME_DIR='"$(LIBDIR)"'
CAPI_LDFLAGS = $(CAPI_M) $(LDFLAGS) -shared -Wl,--no-undefined -Wl,--gc-sections -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now

# file:soname:link,link,... of each library
CAPI_ROWS := $(shell awk -F'\t' 'NR > 1 { gsub(/ /, ",", $$3); print $$1 ":" $$2 ":" $$3 }' capi/libs.tsv)
CAPI_LIBS := $(foreach r,$(CAPI_ROWS),$(word 1,$(subst :, ,$(r))))
CAPI_HEADERS := $(wildcard capi/front/*.h capi/front/gen/*.h capi/runtime/*.h include/*.h include/*/*.h)

CAPI_FRONT := $(patsubst capi/front/%.c,$(CAPI_OBJ)/front/%.o,$(wildcard capi/front/*.c))
# load.c finds the runtime in another way when it is part of the program itself.
CAPI_ARCHIVE_FRONT := $(patsubst $(CAPI_OBJ)/front/load.o,$(CAPI_OBJ)/front/load-archive.o,$(CAPI_FRONT))
# The entry points of one library.
capi_entries = $(patsubst capi/front/%.c,$(CAPI_OBJ)/front/%.o,$(wildcard capi/front/gen/$(1)_*.c))

.PHONY: capi-generate
lib: $(CAPI_LIBS:%=$(CAPI_OUT)/%) $(CAPI_OUT)/libais.a $(CAPI_OUT)/libevs.a $(CAPI_OUT)/$(RUNTIME)

capi-generate:
	$(GO) run ./capi/gen

# Where the runtime is installed is part of these.
$(CAPI_OBJ)/prefix: FORCE
	@mkdir -p $(@D)
	@echo "$(LIBDIR)" | cmp -s - $@ || echo "$(LIBDIR)" > $@
$(CAPI_OBJ)/front/load.o: $(CAPI_OBJ)/prefix

$(CAPI_OBJ)/front/load-archive.o: capi/front/load.c $(CAPI_OBJ)/prefix $(CAPI_HEADERS) capi/build.mk
	@mkdir -p $(@D)
	$(CC) $(CAPI_CFLAGS) -DAISF_ARCHIVE -c -o $@ $<

$(CAPI_OBJ)/front/%.o: capi/front/%.c $(CAPI_HEADERS) capi/build.mk
	@mkdir -p $(@D)
	$(CC) $(CAPI_CFLAGS) -c -o $@ $<

# One rule per library: file, soname, links.
define capi_library
$(CAPI_OUT)/$(1): $(CAPI_FRONT) $(call capi_entries,$(1)) capi/front/gen/$(1).map
	@mkdir -p $$(@D)
	$(CC) $(CAPI_LDFLAGS) -Wl,-soname,$(2) -Wl,--version-script,capi/front/gen/$(1).map \
		-o $$@ $(CAPI_FRONT) $(call capi_entries,$(1)) -lpthread -ldl
	@for l in $(subst $(comma), ,$(3)); do [ $$$$l = $(1) ] || ln -sf $(1) $$(@D)/$$$$l; done
endef
comma := ,
$(foreach r,$(CAPI_ROWS),$(eval $(call capi_library,$(word 1,$(subst :, ,$(r))),$(word 2,$(subst :, ,$(r))),$(word 3,$(subst :, ,$(r))))))

# The archives hold the front that -lais and -levs find as libraries.
$(CAPI_OUT)/libais.a: $(CAPI_ARCHIVE_FRONT) $(call capi_entries,libais.so.10)
$(CAPI_OUT)/libevs.a: $(CAPI_ARCHIVE_FRONT) $(call capi_entries,libevs.so.10)
$(CAPI_OUT)/%.a:
	@mkdir -p $(@D)
	rm -f $@
	$(AR) rcsD $@ $^

# The Go runtime as a guest in somebody else's process:
# - preemption by signal would leave SIGURG pending in the application's threads;
# - the files of a control group would be kept open and read now and then, by
#   numbers that the application may have closed and used again;
# - its threads would take SIGCHLD, SIGPROF, SIGSTKFLT and the first real-time
#   signal, and run the application's handlers on small stacks. That is a table
#   inside Go: it is compiled with those four lines changed.
# - valgrind has to know where Go has its stacks (tag valgrind); what is on its heap
#   is nobody's leak, so of what Go tells valgrind only the stacks are kept.
RUNTIME_DEBUG := asyncpreemptoff=1,containermaxprocs=0,updatemaxprocs=0
GORUNTIME     := $(shell $(GO) env GOROOT)/src/runtime

$(CAPI_OBJ)/sigtab.go: $(GORUNTIME)/sigtab_linux_generic.go capi/build.mk
	@mkdir -p $(@D)
	sed -E 's,^(.\/\* (16|17|27|34) \*\/ \{_Sig[A-Za-z]+) \+ _SigUnblock,\1,' $< > $@.new
	@[ $$(diff $< $@.new | grep -c '^>') = 4 ] || { echo "$(GORUNTIME)/sigtab_linux_generic.go is not what was expected: see capi/build.mk"; exit 1; }
	@mv $@.new $@

$(CAPI_OBJ)/valgrind.go: $(GORUNTIME)/valgrind.go capi/build.mk
	@mkdir -p $(@D)
	sed -E '/valgrindClientRequest\(vg_userreq__(malloclike_block|freelike_block|create_mempool|mempool_alloc|mempool_free|make_mem_noaccess|make_mem_undefined)/d' $< > $@.new
	@[ $$(diff $< $@.new | grep -c '^<') = 7 ] || { echo "$< is not what was expected: see capi/build.mk"; exit 1; }
	@mv $@.new $@

$(CAPI_OBJ)/overlay.json: $(CAPI_OBJ)/sigtab.go $(CAPI_OBJ)/valgrind.go capi/build.mk
	echo '{"Replace": {"$(GORUNTIME)/sigtab_linux_generic.go": "$(call full,$(CAPI_OBJ))/sigtab.go", "$(GORUNTIME)/valgrind.go": "$(call full,$(CAPI_OBJ))/valgrind.go"}}' > $@

$(CAPI_OUT)/$(RUNTIME): $(CAPI_OBJ)/overlay.json FORCE
	@mkdir -p $(@D)
	CGO_ENABLED=1 GOARCH=$(ARCH) CC="$(CC) $(CAPI_M)" $(GO) build -buildmode=c-shared -tags valgrind $(GOFLAGS_BUILD) -overlay $< \
		-ldflags "-s -w -X=runtime.godebugDefault=$(RUNTIME_DEBUG) -extldflags '-Wl,-soname,$(RUNTIME) \"-Wl,--version-script,$(CURDIR)/capi/runtime/runtime.map\"'" \
		-o $@ ./capi/runtime
	@rm -f $(@D)/libais-runtime.so.h $(@D)/libais-runtime.h

# Each file is replaced as a whole: programs that run have the old one mapped, and
# crash when its bytes change; programs that start find either.
install-lib: lib
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(PREFIX)/include/openais $(DESTDIR)$(PREFIX)/include/ais/a.01.01 $(DESTDIR)$(PREFIX)/include/ais/opensaf
	for f in $(CAPI_OUT)/*.so* $(CAPI_OUT)/*.a; do t=$(DESTDIR)$(LIBDIR)/$${f##*/}; \
		cp -P $$f $$t.new && mv -f $$t.new $$t || exit 1; done
	install -m 0644 include/*.h $(DESTDIR)$(PREFIX)/include/openais/
	install -m 0644 include/a.01.01/*.h $(DESTDIR)$(PREFIX)/include/ais/a.01.01/
	install -m 0644 include/opensaf/*.h $(DESTDIR)$(PREFIX)/include/ais/opensaf/
	for f in ais-a ais-b ais-opensaf; do sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|g' -e 's|@VERSION@|$(VERSION)|g' \
		include/$$f.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/$$f.pc; done
