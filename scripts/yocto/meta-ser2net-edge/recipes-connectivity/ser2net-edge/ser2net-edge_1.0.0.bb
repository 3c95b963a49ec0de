SUMMARY = "Serial ports on the network, in the configuration language of ser2net 3.5"
SECTION = "net"
# Releases after wrynose read SPDX expressions, those before know only "&".
LICENSE = "${@(' AND ' if bb.utils.which(d.getVar('BBPATH'), 'lib/oe/spdx_license.py') else ' & ').join(['Apache-2.0', 'ISC', 'MIT'])}"
LIC_FILES_CHKSUM = "file://LICENSE;md5=cbb18b0d4af26316437cce7699e99fbe \
                    file://dist/LICENSES.txt;md5=130d467848b2b0b9765a657681b2fca6"

# The drop-ins of a board are made by a program for Node.
DEPENDS = "${@'' if d.getVar('SER2NET_BOARD') == 'auto' else 'nodejs-native'}"

# Made by scripts/release.sh of the checkout that this layer lies in.
FILESEXTRAPATHS:prepend := "${THISDIR}/../../../../../dist:"
SRC_URI = "file://${BP}.tar.gz"

python do_fetch:prepend() {
    archive = d.getVar('BP') + '.tar.gz'
    if 'file://' + archive in d.getVar('SRC_URI').split() and not bb.utils.which(d.getVar('FILESPATH'), archive):
        bb.fatal('there is no %s: run scripts/release.sh' % archive)
}

# The board of this machine: the name of a profile in board-profiles/, or "auto", then it is found out at boot.
# A profile of your own goes there too: SRC_URI:append = " file://NAME.json;subdir=${BP}/board-profiles"
SER2NET_BOARD ??= "auto"
# What starts at boot. With "ser2net@${SER2NET_BOARD}.socket" systemd opens the network ports of the profile.
SER2NET_UNITS ??= "ser2net@${SER2NET_BOARD}.service ser2net-health@${SER2NET_BOARD}.service"
PACKAGE_ARCH = "${MACHINE_ARCH}"

inherit features_check systemd useradd
REQUIRED_DISTRO_FEATURES = "systemd usrmerge"

do_compile() {
    sh service/native/build.sh dist/native.node
    rm -rf board
    sh scripts/install-board.sh "${B}/board" ${SER2NET_BOARD} ${SER2NET_UNITS}
}

do_install() {
    sh scripts/install.sh "${D}"
    cp -R --no-preserve=ownership board/. "${D}/"
    install -D -m 0644 units/drop-ins/notify-reload.conf \
        "${D}${systemd_system_unitdir}/ser2net@.service.d/notify-reload.conf"
    # A root file system that is read-only has it from here: tmpfiles.d could not make it.
    install -d -m 0750 "${D}${sysconfdir}/ser2net"
    chown root:ser2net "${D}${sysconfdir}/ser2net"
}

# sysusers.d says the same, but a read-only image cannot add users at boot.
USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system ser2net-admin"
USERADD_PARAM:${PN} = "--system --home-dir / --no-create-home --shell /sbin/nologin --user-group --groups dialout ser2net"

PACKAGES =+ "${PN}-board"
SUMMARY:${PN}-board = "The board of this machine: its profile, drop-ins and which units start at boot"
FILES:${PN}-board = " \
    ${datadir}/ser2net/boards/${SER2NET_BOARD}.json \
    ${systemd_system_unitdir}/ser2net@${SER2NET_BOARD}.service.d \
    ${systemd_system_unitdir}/ser2net@${SER2NET_BOARD}.socket.d \
    ${systemd_unitdir}/system-preset/70-board.preset \
"
FILES:${PN} += " \
    ${nonarch_libdir}/ser2net \
    ${nonarch_libdir}/sysusers.d \
    ${nonarch_libdir}/tmpfiles.d \
    ${systemd_unitdir} \
    ${datadir}/bash-completion \
    ${datadir}/dbus-1 \
    ${datadir}/ser2net \
    ${datadir}/zsh \
"
RDEPENDS:${PN} = "nodejs"
RRECOMMENDS:${PN} = "kernel-module-ledtrig-transient kernel-module-ledtrig-tty"
RDEPENDS:${PN}-board = "${PN}"

# Beside the preset: the systemctl that makes an image of scarthgap knows no instances in presets.
SYSTEMD_PACKAGES = "${PN}-board"
SYSTEMD_SERVICE:${PN}-board = "${SER2NET_UNITS}"
