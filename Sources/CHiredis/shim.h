// hiredis is used as a reply parser only (`redisReader`); SwiftNIO owns the sockets.
#include <hiredis/hiredis.h>
