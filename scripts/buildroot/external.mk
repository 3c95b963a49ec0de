include $(sort $(wildcard $(BR2_EXTERNAL_SER2NET_EDGE_PATH)/package/*/*.mk))
