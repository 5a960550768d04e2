// SPDX-License-Identifier: Apache-2.0
// world_names.h - the words of the API for the world's enumerations.
#ifndef SIM_WORLD_NAMES_H
#define SIM_WORLD_NAMES_H

#include "world_rows.h"

struct event_word {
    const char *name, *label;
};

extern const char *const order_status_names[],
    *const billing_reason_names[], *const subscription_status_names[],
                                       *const refund_status_names[],
                                           *const refund_reason_names[],
                                               *const checkout_status_names[],
                                                   *const cancellation_reason_names[],
                                                       *const cancellation_comments[],
                                                           *const interval_names[];
extern const char *const benefit_type_names[BENEFIT_COUNT],
    *const benefit_descriptions[BENEFIT_COUNT], *const benefit_visibilities[BENEFIT_COUNT];
extern const struct event_word event_words[EVENT_NAME_COUNT];

// Metadata of a row: at most METADATA_LIMIT pairs, in the order they print.
enum { METADATA_LIMIT = 8, METADATA_TEXT_BYTES = 128 };
enum metadata_kind { METADATA_TEXT, METADATA_INT, METADATA_FLOAT, METADATA_BOOL };
struct metadata_pair {
    const char *key;
    enum metadata_kind kind;
    char value[METADATA_TEXT_BYTES]; // as JSON prints it, without quotes
    size_t len;
};
size_t metadata_of_campaign(uint8_t campaign, struct metadata_pair ret[METADATA_LIMIT]);
size_t metadata_of_customer(const struct sim_world *w, uint32_t customer,
                            struct metadata_pair ret[METADATA_LIMIT]);
size_t metadata_of_user_event(const struct sim_world *w, uint32_t event,
                              struct metadata_pair ret[METADATA_LIMIT]);
size_t metadata_of_product(const struct sim_world *w, unsigned product,
                           struct metadata_pair ret[METADATA_LIMIT]);
size_t metadata_of_benefit(unsigned benefit, struct metadata_pair ret[METADATA_LIMIT]);
// Texts that rows and keys share; they write into `ret` (at least SIM_SCRATCH_BYTES) and return the length.
size_t invoice_number(const struct sim_world *w, const struct order_row *order, char *ret);
size_t visitor_email(const struct sim_world *w, uint32_t checkout, char *ret);
size_t metadata_of_refund(const struct sim_world *w, uint32_t refund,
                          struct metadata_pair ret[METADATA_LIMIT]);

#endif
