// SPDX-License-Identifier: Apache-2.0
// openmetrics.h - the snapshot for monitoring as OpenMetrics 1.0 text, which Prometheus reads.
#ifndef TILL_VIEWS_OPENMETRICS_H
#define TILL_VIEWS_OPENMETRICS_H

#include "base/buf.h"
#include "report/meters.h"

// The content type of what view_openmetrics() writes.
#define VIEW_OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
// Whole, with the line that ends it. Money is in major units, exactly. The names are a contract: docs/monitoring.md. version: of this program.
void view_openmetrics(struct buf *out, const struct report_meters *meters, const char *version);

#endif
