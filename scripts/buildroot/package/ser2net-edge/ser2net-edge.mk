################################################################################
#
# ser2net-edge
#
################################################################################

SER2NET_EDGE_VERSION = 1.0.0
# Made by scripts/release.sh of the checkout that this external tree lies in.
SER2NET_EDGE_SITE = $(BR2_EXTERNAL_SER2NET_EDGE_PATH)/../../dist
SER2NET_EDGE_SITE_METHOD = file
SER2NET_EDGE_LICENSE = MIT, Apache-2.0 (bundled long), ISC (bundled yaml)
SER2NET_EDGE_LICENSE_FILES = LICENSE dist/LICENSES.txt
SER2NET_EDGE_DEPENDENCIES = host-nodejs nodejs

# Instead of a look at Buildroot's mirrors, which do not have it.
define SER2NET_EDGE_HAS_ARCHIVE
	@test -e $(SER2NET_EDGE_SITE)/ser2net-edge-$(SER2NET_EDGE_VERSION).tar.gz || { \
		echo "ser2net-edge: no archive in $(SER2NET_EDGE_SITE): run scripts/release.sh" >&2; \
		exit 1; }
endef
SER2NET_EDGE_PRE_DOWNLOAD_HOOKS += SER2NET_EDGE_HAS_ARCHIVE

SER2NET_EDGE_BOARD = $(call qstrip,$(BR2_PACKAGE_SER2NET_EDGE_BOARD))
SER2NET_EDGE_PROFILES = $(call qstrip,$(BR2_PACKAGE_SER2NET_EDGE_PROFILES))

SER2NET_EDGE_UNITS = \
	ser2net@$(SER2NET_EDGE_BOARD).service \
	ser2net-health@$(SER2NET_EDGE_BOARD).service
ifeq ($(BR2_PACKAGE_SER2NET_EDGE_SOCKET),y)
SER2NET_EDGE_UNITS += ser2net@$(SER2NET_EDGE_BOARD).socket
endif

define SER2NET_EDGE_BUILD_CMDS
	$(if $(SER2NET_EDGE_PROFILES),cp $(SER2NET_EDGE_PROFILES) $(@D)/board-profiles/)
	$(TARGET_MAKE_ENV) $(TARGET_CONFIGURE_OPTS) \
		sh $(@D)/service/native/build.sh $(@D)/dist/native.node
endef

define SER2NET_EDGE_INSTALL_TARGET_CMDS
	sh $(@D)/scripts/install.sh --no-systemd $(TARGET_DIR)
endef

define SER2NET_EDGE_INSTALL_INIT_SYSTEMD
	sh $(@D)/scripts/install.sh $(TARGET_DIR)
	$(TARGET_MAKE_ENV) sh $(@D)/scripts/install-board.sh $(TARGET_DIR) \
		$(SER2NET_EDGE_BOARD) $(SER2NET_EDGE_UNITS)
	$(INSTALL) -D -m 0644 $(@D)/units/drop-ins/notify-reload.conf \
		$(TARGET_DIR)/usr/lib/systemd/system/ser2net@.service.d/notify-reload.conf
endef

define SER2NET_EDGE_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(SER2NET_EDGE_PKGDIR)/S80ser2net \
		$(TARGET_DIR)/etc/init.d/S80ser2net
	$(INSTALL) -d $(TARGET_DIR)/etc/default
	echo 'BOARD="$(SER2NET_EDGE_BOARD)"' >$(TARGET_DIR)/etc/default/ser2net
endef

define SER2NET_EDGE_USERS
	ser2net -1 ser2net -1 * - - dialout Serial ports on the network
	- - ser2net-admin -1 * - - - May change ports over D-Bus
endef

# A line of the configuration may hold the password of a SOL console.
define SER2NET_EDGE_PERMISSIONS
	/etc/ser2net d 750 root ser2net - - - - -
endef

$(eval $(generic-package))
