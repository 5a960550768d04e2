// SPDX-License-Identifier: Apache-2.0
// log.h - lines for people who debug: `level key=value ...` on stderr, escaped so that nothing from outside can forge a line.
//
// Off below the level of TILL_LOG (error, warning, info, debug; default warning). Never given a secret; header values and bodies are not logged.
#ifndef TILL_BASE_LOG_H
#define TILL_BASE_LOG_H

#include "base/attr.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
void log_set_level_from_environment(void);
void log_event(enum log_level level, const char *format, ...) TILL_PRINTF(2, 3);

#endif
