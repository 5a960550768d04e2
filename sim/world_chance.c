// SPDX-License-Identifier: Apache-2.0
// world_chance.c - seeded chance: one stream for decisions in time order, one hash for attributes of rows.
#include "world_parts.h"

uint64_t chance_next(struct sim_world *w)
{
    w->random++;
    return uuid_hash(w->random, w->key.check);
}

uint64_t chance_below(struct sim_world *w, uint64_t limit)
{
    return chance_next(w) % limit;
}

bool chance_permille(struct sim_world *w, unsigned permille)
{
    return chance_below(w, 1000) < permille;
}

int64_t chance_between(struct sim_world *w, int64_t low_us, int64_t high_us)
{
    return high_us <= low_us ? low_us
                             : low_us + (int64_t)chance_below(w, (uint64_t)(high_us - low_us));
}

uint64_t chance_of_row(const struct sim_world *w, unsigned kind, uint64_t index, unsigned purpose)
{
    return uuid_hash(w->key.check + purpose, (uint64_t)kind << 48 | index);
}
