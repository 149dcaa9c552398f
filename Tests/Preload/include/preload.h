/* Nothing to call: libPreload.so is preloaded into redis-server and the museum's processes. */
