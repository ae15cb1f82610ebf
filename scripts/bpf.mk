# SPDX-License-Identifier: GPL-2.0
# How BPF programs are built outside of a kernel tree. To be included, after OUTPUT,
# HDRS (headers that programs include) and BPF_DIRS (where these are); a vpath says where
# the programs are.

CLANG ?= clang
BPFTOOL ?= bpftool
VMLINUX_BTF ?= /sys/kernel/btf/vmlinux

# Unnamed members of newer kernels' vmlinux.h are an extension to clang.
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -Wall -Werror -fms-extensions \
	-Wno-microsoft-anon-tag -Wno-missing-declarations \
	$(addprefix -I,$(OUTPUT) $(BPF_DIRS))

$(OUTPUT)/vmlinux.h: $(VMLINUX_BTF)
	$(BPFTOOL) btf dump file $< format c > $@.new
	mv $@.new $@

$(OUTPUT)/%.bpf.o: %.bpf.c $(HDRS) $(OUTPUT)/vmlinux.h
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(OUTPUT)/%.skel.h: $(OUTPUT)/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $(subst .,_,$*)_bpf > $@.new
	mv $@.new $@
