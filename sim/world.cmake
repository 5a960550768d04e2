# The world's sources, for sim/CMakeLists.txt. libm: the growth curve.
set(SIM_WORLD_SOURCES
  uuid.c world.c world_calendar.c world_catalog.c world_chance.c world_facts.c world_life.c world_metadata.c world_money.c world_mutate.c world_names.c
  world_order.c world_people.c world_read.c world_shop.c world_store.c
  render_catalog.c render_checkout.c render_event.c render_facts.c render_out.c render_rows.c render_shared.c)
set(SIM_WORLD_LIBRARIES m)
