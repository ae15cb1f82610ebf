# SPDX-License-Identifier: GPL-2.0
# The library of the OOM tests, and that of the cgroup tests, on which it stands: sources
# and flags. To be included.

LIBOOM := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
LIBOOM_C := $(wildcard $(LIBOOM)/*.c) \
	$(wildcard $(addsuffix /cgroup_util.c,$(LIBOOM)/../../cgroup/lib $(LIBOOM)/../../cgroup))
LIBOOM_H := $(wildcard $(LIBOOM)/*.h)
LIBOOM_CFLAGS := $(addprefix -I,$(LIBOOM) $(LIBOOM)/../../cgroup/lib/include \
	$(LIBOOM)/../../cgroup $(LIBOOM)/../..)
