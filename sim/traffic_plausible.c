#include "traffic_parts.h"
void plausible_error(struct traffic *traffic, struct reply *reply, unsigned status,
                     const char *name)
{
    (void)traffic;
    (void)name;
    reply_json(reply, status, "{}");
}
void plausible_answer(struct traffic_call *call)
{
    reply_json(call->reply, 404, "{}");
}
