/* Nothing to call: libPowerLoss.so is preloaded. */
