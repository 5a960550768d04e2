#include "traffic_parts.h"
typedef int nothing;
