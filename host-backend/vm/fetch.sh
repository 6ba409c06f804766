#!/bin/sh
# SPDX-License-Identifier: MIT
# Gets what a VM needs from the distribution's packages, into a private folder: nothing is installed, the
# machine's apt configuration is read and left as it is, root is not needed.
#
#   fetch.sh [-q|-v] ...            quiet; or with progress on stderr (default)
#   fetch.sh qemu DIR               DIR/qemu/run is then a QEMU (>= 8.0) that runs without KVM too
#   fetch.sh kernel DIR             DIR/kernel/ then has vmlinuz, vmlinux (if it can start by PVH), release, modules/
#   fetch.sh uml DIR                DIR/uml/linux is then a user-mode kernel, built here from the distribution's source
#   fetch.sh unpack VMLINUZ OUT     OUT is the ELF kernel inside VMLINUZ, if it can start by PVH; else there is no OUT
#
# The program embeds this script (vm/fetch.c), so an installed trillium needs no further file.
# Exit status 0, or 1 after a sentence on stderr.
set -u

say=yes
case ${1:-} in
-q) say=no; shift ;;
-v) shift ;;
esac

fail() {
    echo "trillium: $*" >&2
    exit 1
}

progress() {
    [ $say = no ] || echo "trillium: $*" >&2
}

# Prepares $work with an apt configuration of its own, which knows the distribution's archive (with its backports if
# "$1" is backports), and sets $apt to the options that select it.
private_apt() {
    for tool in apt-get apt-cache dpkg-deb flock; do
        command -v $tool >/dev/null || fail "there is no $tool here; $no_apt"
    done
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    [ -n "$codename" ] || fail "/etc/os-release names no VERSION_CODENAME; $no_apt"
    keyring=/usr/share/keyrings/$(. /etc/os-release && echo "$ID")-archive-keyring.gpg
    [ -r "$keyring" ] && option="[signed-by=$keyring] " || option=

    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" || fail "cannot write to $work"
    : >"$work/sources.list"
    for suite in "$codename" "$codename-updates" "$codename-security"; do
        apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $suite" | sort -u |
            while read -r uri; do echo "deb $option$uri $suite main"; done >>"$work/sources.list"
    done
    if [ "$1" = backports ] && [ "$codename" = bookworm ]; then
        apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $codename" | sort -u | head -n 1 |
            while read -r uri; do echo "deb $option$uri $codename-backports main"; done >>"$work/sources.list"
        release="-t $codename-backports"
    else
        release=
    fi
    [ -s "$work/sources.list" ] || fail "apt on this machine knows no archive of $codename; $no_apt"

    apt="-q -o Dir::Etc::SourceList=$work/sources.list -o Dir::Etc::SourceParts=- -o Dir::State::Lists=$work/lists
        -o Dir::Cache=$work/cache -o Acquire::Languages=none -o APT::Get::List-Cleanup=0 -o Debug::NoLocking=1
        -o APT::Sandbox::User=$(id -un) $release"
    progress "reading the package lists of $codename"
    apt-get $apt update >"$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; fail "apt-get update failed; $no_apt"; }
}

# Downloads the named packages into $work/debs.
download() {
    mkdir -p "$work/debs"
    # shellcheck disable=SC2086
    (cd "$work/debs" && apt-get $apt download "$@" >"$work/log" 2>&1) ||
        { tail -n 5 "$work/log" >&2; fail "apt-get download failed; $no_apt"; }
    progress "downloaded $(du -sh "$work/debs" | cut -f 1) of packages"
}

get_qemu() {
    no_apt="install QEMU 8.0 or newer (qemu-system-x86) by hand"
    private_apt backports
    # What an installation would add to this machine: QEMU, and those of its libraries that are missing here.
    # shellcheck disable=SC2086
    names=$(LC_ALL=C apt-get $apt -s --no-install-recommends install qemu-system-x86 2>"$work/log" |
        awk '$1 == "Inst" && $2 ~ /^(qemu-system-(x86|common|data)|seabios|lib.*)$/ { print $2 }')
    # Installed packages of an older release do not show up there in full: these four are always fetched.
    names=$(printf '%s\n' $names qemu-system-x86 qemu-system-common qemu-system-data seabios | sort -u)
    progress "fetching a private QEMU ($(echo $names | wc -w) packages)"
    # shellcheck disable=SC2086
    download $names
    mkdir -p "$work/qemu/root"
    for deb in "$work"/debs/*.deb; do
        dpkg-deb -x "$deb" "$work/qemu/root" || fail "cannot unpack ${deb##*/}"
    done
    rm -rf "$work/qemu/root/usr/share/doc" "$work/qemu/root/usr/share/man"
    cat >"$work/qemu/run" <<'RUN'
#!/bin/sh
root=$(dirname "$0")/root
lib=$root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH="$lib:$root/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" QEMU_MODULE_DIR="$lib/qemu"
exec "$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" "$@"
RUN
    chmod 755 "$work/qemu/run"
    "$work/qemu/run" --version >"$work/log" 2>&1 ||
        { cat "$work/log" >&2; fail "the QEMU that was fetched does not start; $no_apt"; }
    rm -rf "$dir/qemu" && mv "$work/qemu" "$dir/qemu" || fail "cannot write to $dir"
}

# Little-endian unsigned number of $3 bytes at offset $2 of file $1.
number_at() {
    od -An -v -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '
}

# The boot protocol says where the packed kernel lies (Documentation/x86/boot.rst: setup_sects, payload_offset and
# payload_length). QEMU starts an ELF kernel by PVH, which spares the guest the unpacking, if it has Xen's note 18.
unpack_kernel() {
    sectors=$(number_at "$1" 497 1)
    [ "$sectors" -gt 0 ] || sectors=4
    offset=$(((sectors + 1) * 512 + $(number_at "$1" 584 4)))
    length=$(number_at "$1" 588 4)
    magic=$(od -An -v -t x1 -j $offset -N 4 "$1" | tr -d ' ')
    case $magic in
    fd377a58) unpack="xz -dc --single-stream" length=$((length - 4)) ;;
    28b52ffd) unpack="zstd -dc" length=$((length - 4)) ;;
    02214c18) unpack="lz4 -dc" length=$((length - 4)) ;;
    1f8b*) unpack="gzip -dc" ;;
    *) return 0 ;;
    esac
    command -v "${unpack%% *}" >/dev/null || return 0
    tail -c "+$((offset + 1))" "$1" | head -c "$length" | $unpack >"$2.tmp" 2>/dev/null
    if [ "$(head -c 4 "$2.tmp" | tail -c 3)" = ELF ] &&
        LC_ALL=C grep -aPq '\x04\0\0\0[\x04\x08]\0\0\0\x12\0\0\0Xen\0' "$2.tmp"; then
        mv "$2.tmp" "$2"
    else
        rm -f "$2.tmp"
    fi
}

get_kernel() {
    no_apt="install the distribution's kernel package (linux-image-amd64) by hand"
    private_apt no
    # The newest of what the meta package stands for.
    # shellcheck disable=SC2086
    package=$(apt-cache $apt depends linux-image-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }')
    [ -n "$package" ] || fail "the archive has no linux-image-amd64; $no_apt"
    progress "fetching the kernel package $package"
    download "$package"
    mkdir -p "$work/root" "$work/kernel"
    # Of the modules only the folders that hold the ones a guest may need: the whole package is 400 MB.
    dpkg-deb --fsys-tarfile "$work"/debs/*.deb | tar -x -C "$work/root" --wildcards \
        --exclude '*/gpu/drm/amd/*' --exclude '*/gpu/drm/i915/*' --exclude '*/gpu/drm/nouveau/*' --exclude '*/gpu/drm/radeon/*' \
        './boot/vmlinuz-*' '*/kernel/drivers/virtio/*' '*/kernel/drivers/char/*' '*/kernel/drivers/dma-buf/*' \
        '*/kernel/drivers/gpu/drm/*' '*/kernel/drivers/video/*' '*/kernel/drivers/i2c/*' '*/kernel/drivers/media/cec/*' \
        '*/kernel/fs/*' '*/kernel/net/9p/*' '*/kernel/net/vmw_vsock/*' '*/kernel/lib/*' '*/kernel/crypto/*' '*/modules.builtin' 2>"$work/log" ||
        grep -v 'Not found\|Exiting with failure' "$work/log" >&2
    kernel=$(ls "$work"/root/boot/vmlinuz-* 2>/dev/null | head -n 1)
    [ -n "$kernel" ] || fail "$package holds no kernel; $no_apt"
    release=${kernel##*/vmlinuz-}
    mv "$kernel" "$work/kernel/vmlinuz"
    mv "$(dirname "$(find "$work/root" -type d -path "*/lib/modules/$release/kernel")")" "$work/kernel/modules" ||
        fail "$package holds no modules; $no_apt"
    echo "$release" >"$work/kernel/release"
    unpack_kernel "$work/kernel/vmlinuz" "$work/kernel/vmlinux"
    rm -rf "$dir/kernel" && mv "$work/kernel" "$dir/kernel" || fail "cannot write to $dir"
}

# What the user-mode kernel has beside its defconfig, and what of that it does not need. PCI_OVER_VIRTIO is for what it
# brings along: DMA and I/O memory as DRM wants to see them.
uml_config() {
    for option in VIRTIO_UML UML_PCI_OVER_VIRTIO DRM DRM_VIRTIO_GPU VSOCKETS VIRTIO_VSOCKETS HOSTFS OVERLAY_FS TMPFS DEVTMPFS BLK_DEV_INITRD UNIX INET \
        NAMESPACES PID_NS USER_NS CGROUPS MEMCG CGROUP_PIDS SECCOMP SECCOMP_FILTER SYSVIPC POSIX_MQUEUE STDERR_CONSOLE SSL NULL_CHAN \
        HIGH_RES_TIMERS UML_RANDOM PREEMPT_NONE CC_OPTIMIZE_FOR_PERFORMANCE DEBUG_INFO_NONE; do echo "CONFIG_$option=y"; done
    echo CONFIG_UML_PCI_OVER_VIRTIO_DEVICE_ID=1234
    for option in MODULES DRM_FBDEV_EMULATION MCONSOLE PORT_CHAN PTY_CHAN TTY_CHAN XTERM_CHAN BLK_DEV BLK_DEV_UBD UML_NET UML_SOUND \
        NETDEVICES PPP SLIP TUN DUMMY WIRELESS ETHTOOL_NETLINK PACKET PTP_1588_CLOCK PPS INPUT_MOUSE INPUT_KEYBOARD SERIO HID HWMON \
        USB_SUPPORT RD_GZIP RD_BZIP2 RD_LZMA RD_XZ RD_LZO RD_LZ4 RD_ZSTD XZ_DEC IOSCHED_BFQ EXT4_FS REISERFS_FS QUOTA AUTOFS_FS \
        AUTOFS4_FS ISO9660_FS BINFMT_MISC MAGIC_SYSRQ LEGACY_PTYS NLS IKCONFIG CRYPTO_HW DEBUG_KERNEL DEBUG_INFO GDB_SCRIPTS FRAME_POINTER \
        STATIC_LINK; do echo "# CONFIG_$option is not set"; done
}

# The guest's programs are children of the kernel, stopped and started by ptrace. They have to end when it is killed: those that
# it holds by ptrace already, which would go on as programs of this machine, and those that it is about to hold, which
# would stop for good.
end_with_kernel() { # ARCH/UM
    cat >"$1/include/shared/end-with-kernel.h" <<'HEADER'
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

static int kernel_process;

/* In a child that was just made. */
static inline void end_with_kernel(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != kernel_process)
		_exit(1);
}
HEADER
    starts=$1/os-Linux/start_up.c programs=$1/os-Linux/skas/process.c clones=$1/kernel/skas/clone.c
    sed -i 's/\((void \*) *\)PTRACE_O_TRACESYSGOOD)/\1(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))/
        s/^\tpid = clone(userspace_tramp,/\tkernel_process = getpid();\n&/
        s/^\tptrace(PTRACE_TRACEME, 0, 0, 0);/\tend_with_kernel();\n&/' "$programs"
    sed -i 's/^\tpid = fork();/\tkernel_process = getpid();\n&\n\tif (pid == 0)\n\t\tend_with_kernel();/' "$starts"
    sed -i '0,/^#include/s//#include <end-with-kernel.h>\n&/' "$starts" "$programs"
    done=$(grep -c PTRACE_O_EXITKILL "$programs") && [ "$done" = "$(grep -c PTRACE_O_TRACESYSGOOD "$programs")" ] &&
        [ "$(grep -c '^.kernel_process = getpid();\|^.*end_with_kernel();' "$programs" "$starts" | cut -d : -f 2 | xargs)" = "2 2" ] ||
        fail "this source of the kernel is too new to be built here; $no_apt"
    # Up to 6.11 a program's fork is one of its process, made in the process itself.
    [ ! -f "$clones" ] && return
    sed -i 's/^\terr = stub_syscall2(__NR_clone,/\tdata->child_err = stub_syscall0(__NR_getppid);\n&/
        s/^\terr = stub_syscall4(__NR_ptrace, PTRACE_TRACEME,/\tstub_syscall2(__NR_prctl, 1 \/* PR_SET_PDEATHSIG *\/, SIGKILL);\n\tif (stub_syscall0(__NR_getppid) != data->child_err)\n\t\tstub_syscall2(__NR_exit, 1, 0);\n\tdata->child_err = 0;\n&/' "$clones"
    [ "$(grep -c __NR_getppid "$clones")" = 2 ] || fail "this source of the kernel is not known here; $no_apt"
}

# By its number the newest source of the distribution: linux-source-6.1, linux-source-6.12.
get_uml() {
    no_apt="there is no user-mode kernel without the distribution's source: use --vm=qemu"
    for tool in make gcc flex bison bc xz; do
        command -v $tool >/dev/null || missing="${missing:-} $tool"
    done
    [ -z "${missing:-}" ] ||
        fail "a user-mode kernel is built here, for which$missing is missing: apt-get install make gcc libc6-dev flex bison bc xz-utils"
    private_apt no
    # shellcheck disable=SC2086
    package=$(apt-cache $apt depends linux-source 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }')
    [ -n "$package" ] || fail "the archive has no linux-source; $no_apt"
    progress "fetching the kernel's source, $package"
    download "$package"
    mkdir -p "$work/root" "$work/build" "$work/uml"
    dpkg-deb --fsys-tarfile "$work"/debs/*.deb | tar -x -C "$work/root" --wildcards './usr/src/*.tar.*' &&
        tar -x -C "$work/root" -f "$work"/root/usr/src/*.tar.* || fail "cannot unpack $package"
    rm -rf "$work/debs" "$work"/root/usr/src/*.tar.*
    source=$(echo "$work"/root/linux-source-*)
    end_with_kernel "$source/arch/um"
    progress "building a user-mode kernel, once: this takes minutes"
    {
        make -s -C "$source" ARCH=um O="$work/build" defconfig &&
            uml_config >>"$work/build/.config" &&
            make -s -C "$source" ARCH=um O="$work/build" olddefconfig &&
            make -s -C "$source" ARCH=um O="$work/build" -j "$(nproc)" linux
    } >"$work/log" 2>&1 || { tail -n 10 "$work/log" >&2; fail "the user-mode kernel could not be built"; }
    for option in VIRTIO_UML DRM_VIRTIO_GPU VIRTIO_VSOCKETS HOSTFS OVERLAY_FS; do
        grep -qx "CONFIG_$option=y" "$work/build/.config" ||
            fail "this source of the kernel does not have $option for user mode; $no_apt"
    done
    strip -o "$work/uml/linux" "$work/build/linux" || fail "cannot write to $work"
    cp "$work/build/.config" "$work/uml/config"
    make -s -C "$source" ARCH=um O="$work/build" kernelrelease >"$work/uml/release"
    rm -rf "$dir/uml" && mv "$work/uml" "$dir/uml" || fail "cannot write to $dir"
}

[ "${1:-}" = unpack ] && [ $# -eq 3 ] && { unpack_kernel "$2" "$3"; exit 0; }
[ $# -eq 2 ] || fail "usage: fetch.sh qemu|kernel|uml DIR"
mkdir -p "$2" && dir=$(cd "$2" && pwd) || fail "cannot write to $2"
[ "$(uname -m)" = x86_64 ] || fail "a VM can only be fetched for x86_64 machines, and this is $(uname -m)"
# Two programs that find nothing at the same time fetch it once.
exec 9>"$dir/lock" && flock 9 || fail "cannot lock $dir/lock"
work=$(mktemp -d "$dir/fetch.XXXXXX") || fail "cannot write to $dir"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
case $1 in
qemu) [ -x "$dir/qemu/run" ] && "$dir/qemu/run" --version >/dev/null 2>&1 || get_qemu ;;
kernel) [ -s "$dir/kernel/release" ] && [ -d "$dir/kernel/modules/kernel/net/vmw_vsock" ] || get_kernel ;;
uml) [ -x "$dir/uml/linux" ] && grep -qs ^CONFIG_VIRTIO_VSOCKETS=y "$dir/uml/config" || get_uml ;;
*) fail "usage: fetch.sh qemu|kernel|uml DIR" ;;
esac
