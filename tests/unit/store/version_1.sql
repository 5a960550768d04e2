-- SPDX-License-Identifier: Apache-2.0
-- version_1.sql - a database of schema version 1 as its program made it, for the test of the migration. Never edited: files in the field are like this.
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
CREATE TABLE row_changes ( -- What changed in mirrored rows, and when it was seen: the history that the service itself forgets.
id INTEGER NOT NULL PRIMARY KEY, -- in order of being seen
organization_id TEXT NOT NULL,
table_name TEXT NOT NULL,
row_id TEXT NOT NULL, -- the id of the row in that table
column_name TEXT NOT NULL, -- till_deleted_at when the row left or came back
old_value ANY,
new_value ANY,
seen_at TEXT NOT NULL -- when till saw it, not when it happened
) STRICT;
CREATE TABLE till_connections ( -- Connected services; no secrets.
name TEXT NOT NULL PRIMARY KEY,
service TEXT NOT NULL,
environment TEXT NOT NULL, -- production or sandbox
api_url TEXT NOT NULL,
organization_id TEXT NOT NULL,
organization_name TEXT NOT NULL,
secret_place TEXT NOT NULL, -- secret-service, file or environment
scopes TEXT NOT NULL, -- scopes seen to be held, separated by spaces
missing_scopes TEXT NOT NULL,
connected_at TEXT,
disconnected_at TEXT -- null while connected; reports leave out a disconnected organization
) STRICT;
CREATE TABLE till_tables ( -- State of each mirrored table of each organization.
organization_id TEXT NOT NULL,
table_name TEXT NOT NULL,
is_enabled INTEGER NOT NULL DEFAULT 1,
row_count INTEGER NOT NULL DEFAULT 0, -- live rows
deleted_count INTEGER NOT NULL DEFAULT 0, -- rows marked as deleted
last_started_at TEXT,
last_finished_at TEXT,
last_success_at TEXT,
last_code TEXT NOT NULL DEFAULT 'ok',
last_error TEXT,
last_added INTEGER NOT NULL DEFAULT 0,
last_changed INTEGER NOT NULL DEFAULT 0,
last_removed INTEGER NOT NULL DEFAULT 0,
last_requests INTEGER NOT NULL DEFAULT 0,
server_total INTEGER NOT NULL DEFAULT -1, -- as the service counted them last; -1 when it did not tell
is_proven INTEGER NOT NULL DEFAULT 0, -- the last finished walk saw as many rows as the service counted
PRIMARY KEY (organization_id, table_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE till_runs ( -- What each run did to each table.
id INTEGER NOT NULL PRIMARY KEY,
organization_id TEXT NOT NULL,
table_name TEXT NOT NULL,
started_at TEXT,
finished_at TEXT,
code TEXT NOT NULL, -- ok, network, auth, ...
error TEXT,
added INTEGER NOT NULL,
changed INTEGER NOT NULL,
removed INTEGER NOT NULL,
unchanged INTEGER NOT NULL,
quarantined INTEGER NOT NULL,
requests INTEGER NOT NULL,
pages INTEGER NOT NULL,
server_total INTEGER NOT NULL,
is_proven INTEGER NOT NULL
) STRICT;
CREATE TABLE till_quarantine ( -- Rows that could not be understood; each leaves when the row is well again or gone.
id INTEGER NOT NULL PRIMARY KEY,
organization_id TEXT NOT NULL,
table_name TEXT NOT NULL,
row_id TEXT, -- null when the row had none
reason TEXT NOT NULL,
raw TEXT, -- as the service sent it, cut when long
seen_at TEXT NOT NULL,
walk_id INTEGER NOT NULL,
UNIQUE (organization_id, table_name, row_id)
) STRICT;
CREATE TABLE till_walks ( -- Walks under way: where the next run goes on.
walk_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
organization_id TEXT NOT NULL,
table_name TEXT NOT NULL,
attempt INTEGER NOT NULL,
next_page INTEGER NOT NULL, -- the first page that has not landed
seen_count INTEGER NOT NULL,
total_count INTEGER NOT NULL, -- the highest that its pages told
started_at TEXT NOT NULL,
epoch INTEGER NOT NULL, -- of the row numbers in till_walk_rows
UNIQUE (organization_id, table_name)
) STRICT;
CREATE TABLE till_walk_rows ( -- Rows that a walk under way has seen.
walk_id INTEGER NOT NULL,
row_rowid INTEGER NOT NULL, -- rowid in the mirrored table
PRIMARY KEY (walk_id, row_rowid)
) STRICT, WITHOUT ROWID;
CREATE TABLE till_walk_rejects ( -- Rows that a walk under way has seen but not understood, and that are not mirrored.
walk_id INTEGER NOT NULL,
row_id TEXT NOT NULL,
PRIMARY KEY (walk_id, row_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE organizations ( -- The business on Polar that the token belongs to; one row for each connected organization.
created_at TEXT NOT NULL, -- When the organization was created.
modified_at TEXT, -- When Polar last wrote the organization; moves for internal reasons too, such as the invoice counter.
id TEXT NOT NULL PRIMARY KEY, -- Identity given by Polar.
organization_id TEXT NOT NULL, -- The organization that the row was read for.
name TEXT, -- Name that customers see.
slug TEXT, -- Name in Polar's addresses; unique, may change.
avatar_url TEXT, -- Address of the logo; may be generated anew at each read.
proration_behavior TEXT, -- What happens by default when a subscription changes within its period: invoice, prorate, next_period or reset.
allow_customer_updates INTEGER, -- Whether customers may change their subscriptions themselves.
email TEXT, -- Support address of the business.
website TEXT, -- Website of the business.
socials TEXT, -- Array of {platform, url}.
status TEXT, -- Standing with Polar: created, review, snoozed, denied, active, blocked, offboarding or offboarded.
details_submitted_at TEXT, -- When the business details were submitted for review.
onboarding_resubmission_requested_at TEXT, -- When Polar asked for the business details again.
sso_enforced INTEGER, -- Whether members must sign in through single sign-on.
default_presentment_currency TEXT, -- Currency that prices are shown in by default, lower-case ISO 4217.
default_tax_behavior TEXT, -- Whether prices hold tax by default: location, inclusive or exclusive.
feature_settings TEXT, -- Object of switches of Polar's features.
subscription_settings TEXT, -- Object of rules for subscriptions: several at once, proration, grace period of benefits in days, trials.
customer_email_settings TEXT, -- Object of switches, one for each kind of mail that customers get.
customer_portal_settings TEXT, -- Object of what customers may see and change in the portal.
dispute_settings TEXT, -- Object of rules for disputes; auto_accept_below_amount is in US cents.
embed_hosts TEXT, -- Array of hosts that may embed the checkout.
embed_hosts_enforced INTEGER, -- Whether other hosts are refused.
country TEXT, -- Country of the business, ISO 3166-1 alpha-2.
account_id TEXT, -- The account at Polar that holds the balance.
payout_account_id TEXT, -- The account that payouts go to.
capabilities TEXT, -- Object of what the organization may do now: take payments, renew, pay out, refund, use the API and the dashboard.
till_synced_at TEXT NOT NULL, -- When till stored this version of the row.
till_deleted_at TEXT, -- When till found the row gone from the service; null while it is there.
till_extra TEXT -- Fields without a column of their own, as a JSON object.
) STRICT;
CREATE TABLE customers ( -- A person or a team that buys, or could; customers deleted on Polar leave the list and are marked here.
id TEXT NOT NULL PRIMARY KEY, -- Identity given by Polar.
created_at TEXT NOT NULL, -- When the customer was created.
modified_at TEXT, -- When Polar last wrote the customer; moves for invisible bookkeeping too.
metadata TEXT, -- The business's own keys and values.
external_id TEXT, -- The business's own identity of the customer; may be used again after a deletion.
email TEXT, -- Mail address; may be null for teams.
email_verified INTEGER, -- Whether the address was confirmed.
type TEXT, -- individual or team.
name TEXT, -- Name of the customer.
billing_name TEXT, -- Name on invoices; the name when none was given.
billing_address TEXT, -- Object {line1, line2, postal_code, city, state, country}.
tax_id TEXT, -- Array of two: the tax number and its format, such as eu_vat.
locale TEXT, -- Language, BCP 47.
organization_id TEXT NOT NULL, -- The organization that the customer belongs to.
default_payment_method_id TEXT, -- Payment method used for renewals.
deleted_at TEXT, -- When the customer was deleted on Polar; null in this list, see till_deleted_at.
first_user_event_at TEXT, -- When the first usage event of the customer was taken in.
avatar_url TEXT, -- Address of a picture; holds a hash of the mail address.
till_synced_at TEXT NOT NULL, -- When till stored this version of the row.
till_deleted_at TEXT, -- When till found the row gone from the service; null while it is there.
till_extra TEXT -- Fields without a column of their own, as a JSON object.
) STRICT;
CREATE TABLE products ( -- Something that is sold, once or by subscription, with its current prices; archived products are included.
id TEXT NOT NULL PRIMARY KEY, -- Identity given by Polar.
created_at TEXT NOT NULL, -- When the product was created.
modified_at TEXT, -- When the product itself was last written; a change of prices, benefits or pictures does not move it.
trial_interval TEXT, -- Unit of the trial: day, week, month or year; null without a trial.
trial_interval_count INTEGER, -- How many units the trial lasts.
name TEXT, -- Name that customers see.
description TEXT, -- Description, Markdown.
visibility TEXT, -- draft, private or public.
recurring_interval TEXT, -- Unit of the billing period: day, week, month or year; null for a product that is sold once.
recurring_interval_count INTEGER, -- How many units one billing period lasts.
meter_interval TEXT, -- Unit of the period after which usage is billed, when it differs.
meter_interval_count INTEGER, -- How many units that period lasts.
is_recurring INTEGER, -- Whether it is sold by subscription.
is_archived INTEGER, -- Whether it is no longer sold.
organization_id TEXT NOT NULL, -- The organization that sells it.
metadata TEXT, -- The business's own keys and values.
prices TEXT, -- Array of the current prices; a new price has a new id and the old one leaves the array. See v_product_prices.
benefits TEXT, -- Array of the benefits that buyers get, in order.
medias TEXT, -- Array of pictures.
attached_custom_fields TEXT, -- Array of the questions that the checkout asks.
till_synced_at TEXT NOT NULL, -- When till stored this version of the row.
till_deleted_at TEXT, -- When till found the row gone from the service; null while it is there.
till_extra TEXT -- Fields without a column of their own, as a JSON object.
) STRICT;
CREATE TABLE orders ( -- One bill: a purchase, the start or renewal of a subscription, or a proration; the row changes for a long time after its creation.
id TEXT NOT NULL PRIMARY KEY, -- Identity given by Polar.
organization_id TEXT NOT NULL, -- The organization that the row was read for.
created_at TEXT NOT NULL, -- When the order was created; the API has no time of payment.
modified_at TEXT, -- When the order was last written.
status TEXT, -- draft, pending, paid, refunded, partially_refunded or void; may go back.
paid INTEGER, -- Whether it was paid: status paid, refunded or partially_refunded.
subtotal_amount INTEGER NOT NULL, -- Sum of the items, before discount and tax.
discount_amount INTEGER NOT NULL, -- Discount.
net_amount INTEGER NOT NULL, -- Revenue without tax, after discount; negative for credits.
tax_amount INTEGER NOT NULL, -- Tax.
total_amount INTEGER NOT NULL, -- Sum of net_amount and tax_amount.
applied_balance_amount INTEGER, -- Customer balance used: negative when credit made the bill smaller, positive when debt was added.
due_amount INTEGER, -- What was to be paid after the balance; stays the same once paid.
refunded_amount INTEGER NOT NULL, -- Refunded so far, without tax; can go down again.
refunded_tax_amount INTEGER NOT NULL, -- Tax refunded so far.
currency TEXT NOT NULL, -- Currency of the amounts, lower-case ISO 4217.
billing_reason TEXT, -- purchase, subscription_create, subscription_cycle, subscription_update or subscription_meter_cycle.
billing_name TEXT, -- Name on the invoice; kept when the customer is anonymised.
billing_address TEXT, -- Address on the invoice: object {line1, line2, postal_code, city, state, country}.
invoice_number TEXT, -- Number of the invoice; null for drafts.
is_invoice_generated INTEGER, -- Whether the invoice document exists.
receipt_number TEXT, -- Number of the receipt; null until paid.
seats INTEGER, -- Seats bought, for products sold by seat.
units INTEGER, -- Units bought, for products sold by unit.
customer_id TEXT, -- Who bought; customers.id.
product_id TEXT, -- What was bought; products.id; null for top-ups of the balance.
discount_id TEXT, -- The discount used.
subscription_id TEXT, -- The subscription that this bills; subscriptions.id.
checkout_id TEXT, -- The checkout that led here; checkouts.id; only on the first order of a checkout.
next_payment_attempt_at TEXT, -- When a failed payment is tried again.
metadata TEXT, -- The business's own keys and values, from the checkout or the subscription.
custom_field_data TEXT, -- Answers to the questions of the checkout.
platform_fee_amount INTEGER, -- Polar's fee, in platform_fee_currency; 0 until it is computed after the payment.
platform_fee_currency TEXT, -- Currency of platform_fee_amount; null until then.
customer TEXT, -- The customer as of now, deleted ones included.
product TEXT, -- The product as of now, without prices and benefits.
discount TEXT, -- The discount as of now.
subscription TEXT, -- The subscription as of now, not as of this bill.
items TEXT, -- Array of {id, label, amount, tax_amount, proration, product_price_id, ...}; amounts may be negative. See v_order_items.
description TEXT, -- Name of the product as of now, or the label of the first item.
refundable_amount INTEGER, -- What can still be refunded, without tax.
refundable_tax_amount INTEGER, -- Tax that can still be refunded.
till_synced_at TEXT NOT NULL, -- When till stored this version of the row.
till_deleted_at TEXT, -- When till found the row gone from the service; null while it is there.
till_extra TEXT -- Fields without a column of their own, as a JSON object.
) STRICT;
CREATE TABLE subscriptions ( -- An agreement to bill again and again; one row for its whole life, changed in place when plan, price or state change.
created_at TEXT NOT NULL, -- When the row was created; imported subscriptions started earlier.
modified_at TEXT, -- When the subscription was last written; moves for scheduling too.
id TEXT NOT NULL PRIMARY KEY, -- Identity given by Polar.
organization_id TEXT NOT NULL, -- The organization that the row was read for.
amount INTEGER NOT NULL, -- Fixed price of one billing period after the current discount; usage is not in it.
currency TEXT NOT NULL, -- Currency of the amount, lower-case ISO 4217.
recurring_interval TEXT, -- Unit of the billing period: day, week, month or year.
recurring_interval_count INTEGER, -- How many units one billing period lasts.
status TEXT, -- incomplete, incomplete_expired, trialing, active, past_due, canceled, unpaid or paused; none is final.
current_period_start TEXT, -- Start of the billing period under way.
current_period_end TEXT, -- End of the billing period under way.
current_meter_period_start TEXT, -- Start of the usage period under way, when it differs.
current_meter_period_end TEXT, -- End of the usage period under way, when it differs.
trial_start TEXT, -- Start of the trial.
trial_end TEXT, -- End of the trial.
cancel_at_period_end INTEGER, -- Whether it ends with the current period.
canceled_at TEXT, -- When it was cancelled; cleared when that is taken back.
started_at TEXT, -- When it began; may lie before created_at.
ends_at TEXT, -- When it is going to end.
ended_at TEXT, -- When it ended.
past_due_at TEXT, -- Since when a payment is missing; cleared when it arrives.
pause_at_period_end INTEGER, -- Whether it pauses at the end of the current period.
paused_at TEXT, -- When it was paused.
resumes_at TEXT, -- When the pause is going to end.
customer_id TEXT, -- Who subscribes; customers.id.
product_id TEXT, -- The plan; products.id; changes when the plan changes.
discount_id TEXT, -- The discount in force; null again once a repeating discount has run out.
checkout_id TEXT, -- The checkout that created it; checkouts.id.
seats INTEGER, -- Seats, for products sold by seat.
units INTEGER, -- Units, for products sold by unit.
customer_cancellation_reason TEXT, -- Why the customer cancelled: customer_service, low_quality, missing_features, switched_service, too_complex, too_expensive, unused or other.
customer_cancellation_comment TEXT, -- What the customer wrote when cancelling.
metadata TEXT, -- The business's own keys and values.
custom_field_data TEXT, -- Answers to the questions of the checkout.
customer TEXT, -- The customer as of now, deleted ones included.
product TEXT, -- The product as of now, with prices and benefits.
discount TEXT, -- The discount as of now.
prices TEXT, -- Array of the prices that this subscription pays; may be archived or made for it.
meters TEXT, -- Array of usage counters {consumed_units, credited_units, amount, meter_id, meter, ...}; they move all the time.
pending_update TEXT, -- Object of a change that is going to apply later: {applies_at, product_id, seats, ...}.
till_synced_at TEXT NOT NULL, -- When till stored this version of the row.
till_deleted_at TEXT, -- When till found the row gone from the service; null while it is there.
till_extra TEXT -- Fields without a column of their own, as a JSON object.
) STRICT;
CREATE TABLE refunds ( -- Money given back for an order; succeeded is not final.
created_at TEXT NOT NULL, -- When the refund was created.
modified_at TEXT, -- When the refund was last written.
id TEXT NOT NULL PRIMARY KEY, -- Identity given by Polar.
metadata TEXT, -- The business's own keys and values.
status TEXT, -- pending, succeeded, failed or canceled.
reason TEXT, -- duplicate, fraudulent, customer_request, service_disruption, satisfaction_guarantee, dispute_prevention or other.
amount INTEGER NOT NULL, -- Refunded, without tax.
tax_amount INTEGER NOT NULL, -- Tax refunded; the customer gets amount and tax_amount.
currency TEXT NOT NULL, -- Currency of the amounts, lower-case ISO 4217.
organization_id TEXT NOT NULL, -- The organization that refunds.
order_id TEXT, -- The order refunded; orders.id.
subscription_id TEXT, -- The subscription of that order; null for refunds made to prevent a dispute.
customer_id TEXT, -- Who got the money; customers.id.
revoke_benefits INTEGER, -- Whether the benefits were taken back.
dispute TEXT, -- Object of the dispute that the refund answers.
till_synced_at TEXT NOT NULL, -- When till stored this version of the row.
till_deleted_at TEXT, -- When till found the row gone from the service; null while it is there.
till_extra TEXT -- Fields without a column of their own, as a JSON object.
) STRICT;
CREATE TABLE checkouts ( -- A visit to the checkout, finished or abandoned; usually the largest table.
id TEXT NOT NULL PRIMARY KEY, -- Identity given by Polar.
created_at TEXT NOT NULL, -- When the checkout was created.
modified_at TEXT, -- When the checkout was last written.
custom_field_data TEXT, -- Answers to the questions of the checkout.
payment_processor TEXT, -- Who takes the payment: stripe.
status TEXT, -- open, expired, confirmed, succeeded or failed; confirmed goes back to open when the payment fails.
expires_at TEXT, -- When the checkout ends by itself; an open one past this time is as good as expired.
success_url TEXT, -- Where the customer goes afterwards; a client secret in it is blotted out.
return_url TEXT, -- Where the back button leads.
embed_origin TEXT, -- Origin of the page that embeds the checkout.
amount INTEGER NOT NULL, -- Price before discount and tax.
seats INTEGER, -- Seats chosen, for products sold by seat.
min_seats INTEGER, -- Fewest seats that may be chosen.
max_seats INTEGER, -- Most seats that may be chosen.
units INTEGER, -- Units chosen, for products sold by unit.
min_units INTEGER, -- Fewest units that may be chosen.
max_units INTEGER, -- Most units that may be chosen.
discount_amount INTEGER, -- Discount.
net_amount INTEGER, -- Price without tax, after discount.
tax_amount INTEGER, -- Tax; null while it cannot be computed.
tax_behavior TEXT, -- Whether the price holds the tax: inclusive or exclusive.
total_amount INTEGER NOT NULL, -- Sum of net_amount and tax_amount.
currency TEXT NOT NULL, -- Currency of the amounts, lower-case ISO 4217.
allow_trial INTEGER, -- Whether a trial is offered.
active_trial_interval TEXT, -- Unit of the trial in force.
active_trial_interval_count INTEGER, -- How many units that trial lasts.
trial_end TEXT, -- When the trial is going to end.
organization_id TEXT NOT NULL, -- The organization that sells.
product_id TEXT, -- The product chosen; products.id.
product_price_id TEXT, -- The price chosen; deprecated by Polar.
discount_id TEXT, -- The discount used.
allow_discount_codes INTEGER, -- Whether customers may enter a code.
require_billing_address INTEGER, -- Whether the whole address is asked for.
is_discount_applicable INTEGER, -- Whether a discount can apply to the product.
is_free_product_price INTEGER, -- Whether the price is zero.
is_payment_required INTEGER, -- Whether something is to be paid now.
is_payment_setup_required INTEGER, -- Whether a payment method is needed for later.
is_payment_form_required INTEGER, -- Whether the payment form is shown.
customer_id TEXT, -- Who buys; customers.id; null until confirmed.
is_business_customer INTEGER, -- Whether the customer buys as a business.
customer_name TEXT, -- Name as entered.
customer_email TEXT, -- Mail address as entered.
customer_ip_address TEXT, -- Network address of the visitor.
customer_billing_name TEXT, -- Name for the invoice as entered.
customer_billing_address TEXT, -- Address as entered: object {line1, line2, postal_code, city, state, country}.
customer_tax_id TEXT, -- Tax number as entered.
locale TEXT, -- Language of the page, BCP 47.
payment_method_type TEXT, -- How it was paid: card, apple_pay, upi, ...
billing_address_fields TEXT, -- Object: for each field of the address required, optional or disabled.
trial_interval TEXT, -- Unit of the checkout's own trial.
trial_interval_count INTEGER, -- How many units the checkout's own trial lasts.
metadata TEXT, -- The business's own keys and values, such as where the visitor came from.
external_customer_id TEXT, -- The business's own identity of the customer.
products TEXT, -- Array of the products to choose from, as of now.
product TEXT, -- The product chosen, as of now.
product_price TEXT, -- The price chosen, as of now; deprecated by Polar.
prices TEXT, -- Object from product id to its prices, as of now.
discount TEXT, -- The discount, as of now.
subscription_id TEXT, -- The subscription to be upgraded, not the one created: for that see subscriptions.checkout_id.
attached_custom_fields TEXT, -- Array of the questions that the checkout asks.
customer_metadata TEXT, -- Keys and values that the customer to be created gets.
till_synced_at TEXT NOT NULL, -- When till stored this version of the row.
till_deleted_at TEXT, -- When till found the row gone from the service; null while it is there.
till_extra TEXT -- Fields without a column of their own, as a JSON object.
) STRICT;
CREATE TABLE benefits ( -- Something that buyers of a product get: a licence key, a download, a role, credits, ...
id TEXT NOT NULL PRIMARY KEY, -- Identity given by Polar.
created_at TEXT NOT NULL, -- When the benefit was created.
modified_at TEXT, -- When the benefit was last written.
type TEXT, -- custom, discord, github_repository, downloadables, license_keys, meter_credit, feature_flag or slack_shared_channel.
description TEXT, -- What customers read.
selectable INTEGER, -- Whether it may be added to products.
deletable INTEGER, -- Whether it may be deleted.
is_deleted INTEGER, -- Whether it was deleted; always 0 in this list, see till_deleted_at.
organization_id TEXT NOT NULL, -- The organization that grants it.
metadata TEXT, -- The business's own keys and values.
visibility TEXT, -- draft, private or public.
properties TEXT, -- Object of settings; which ones depends on the type. The token of a Discord server is cut out.
visibility_configurable INTEGER, -- Whether the visibility may be changed.
till_synced_at TEXT NOT NULL, -- When till stored this version of the row.
till_deleted_at TEXT, -- When till found the row gone from the service; null while it is there.
till_extra TEXT -- Fields without a column of their own, as a JSON object.
) STRICT;
CREATE TABLE events ( -- Something that happened on Polar: an order paid, a subscription started or cancelled, a benefit granted. Never changed afterwards.
id TEXT NOT NULL PRIMARY KEY, -- Identity given by Polar.
timestamp TEXT NOT NULL, -- When it happened.
organization_id TEXT NOT NULL, -- The organization where it happened.
customer_id TEXT, -- The customer concerned; customers.id.
customer TEXT, -- The customer as of now.
external_customer_id TEXT, -- The business's own identity of the customer.
member_id TEXT, -- The member of the customer's team who acted.
external_member_id TEXT, -- The business's own identity of that member.
child_count INTEGER, -- How many events hang directly below this one.
parent_id TEXT, -- The event that this one hangs below; events.id.
label TEXT, -- Name for people.
source TEXT, -- system: made by Polar. Only those are mirrored.
name TEXT, -- What happened, such as order.paid or subscription.canceled.
metadata TEXT, -- Object of what goes with the event, such as order_id, amount and currency.
till_synced_at TEXT NOT NULL, -- When till stored this version of the row.
till_deleted_at TEXT, -- When till found the row gone from the service; null while it is there.
till_extra TEXT -- Fields without a column of their own, as a JSON object.
) STRICT;
CREATE INDEX orders_by_created_at ON orders(created_at, organization_id, till_deleted_at, paid, currency, net_amount, tax_amount, total_amount, refunded_amount, refunded_tax_amount, status, billing_reason);
CREATE INDEX subscriptions_by_started_at ON subscriptions(started_at);
CREATE INDEX subscriptions_by_ended_at ON subscriptions(ended_at);
CREATE INDEX subscriptions_by_customer_id ON subscriptions(customer_id);
CREATE INDEX refunds_by_order_id ON refunds(order_id);
CREATE INDEX refunds_by_created_at ON refunds(created_at);
CREATE INDEX row_changes_by_row ON row_changes(table_name, row_id, id);
CREATE INDEX row_changes_by_seen_at ON row_changes(seen_at);
CREATE INDEX till_runs_by_table ON till_runs(organization_id, table_name, id);
CREATE VIEW v_order_items AS -- One row for each item of each order.
SELECT o.organization_id,
  o.id AS order_id,
  o.created_at,
  o.status,
  o.paid,
  o.billing_reason,
  o.customer_id,
  o.product_id,
  o.subscription_id,
  o.currency,
  json_extract(item.value, '$.id') AS item_id,
  json_extract(item.value, '$.label') AS label,
  json_extract(item.value, '$.amount') AS amount,
  json_extract(item.value, '$.tax_amount') AS tax_amount,
  json_extract(item.value, '$.proration') AS proration,
  json_extract(item.value, '$.product_price_id') AS product_price_id
FROM orders AS o, json_each(o.items) AS item
WHERE o.till_deleted_at IS NULL AND o.organization_id IN (SELECT organization_id FROM till_connections WHERE disconnected_at IS NULL);
CREATE VIEW v_product_prices AS -- One row for each current price of each product.
SELECT p.organization_id,
  p.id AS product_id,
  p.name AS product_name,
  p.is_archived AS product_is_archived,
  p.is_recurring,
  p.recurring_interval,
  p.recurring_interval_count,
  json_extract(price.value, '$.id') AS price_id,
  json_extract(price.value, '$.amount_type') AS amount_type,
  json_extract(price.value, '$.price_currency') AS currency,
  json_extract(price.value, '$.price_amount') AS price_amount,
  json_extract(price.value, '$.minimum_amount') AS minimum_amount,
  json_extract(price.value, '$.maximum_amount') AS maximum_amount,
  json_extract(price.value, '$.preset_amount') AS preset_amount,
  json_extract(price.value, '$.price_per_seat') AS price_per_seat,
  json_extract(price.value, '$.unit_amount') AS unit_amount,
  json_extract(price.value, '$.meter_id') AS meter_id,
  json_extract(price.value, '$.tax_behavior') AS tax_behavior
FROM products AS p, json_each(p.prices) AS price
WHERE p.till_deleted_at IS NULL AND p.organization_id IN (SELECT organization_id FROM till_connections WHERE disconnected_at IS NULL);
CREATE VIEW v_daily_revenue AS -- Paid orders of each UTC day and currency, by the day the order was created; refunds count on the order's day.
SELECT o.organization_id,
  substr(o.created_at, 1, 10) AS day,
  o.currency,
  count(*) AS orders,
  sum(o.total_amount) AS gross_amount, -- with tax
  sum(o.net_amount) AS net_amount, -- without tax, after discounts
  sum(o.tax_amount) AS tax_amount,
  sum(o.refunded_amount) AS refunded_amount, -- without tax
  sum(o.refunded_tax_amount) AS refunded_tax_amount
FROM orders AS o
WHERE o.paid = 1 AND o.till_deleted_at IS NULL AND o.organization_id IN (SELECT organization_id FROM till_connections WHERE disconnected_at IS NULL)
GROUP BY o.organization_id, day, o.currency;
CREATE VIEW v_mrr AS -- Monthly recurring revenue as of now, for each organization and currency.
SELECT organization_id,
  currency,
  count(*) AS subscriptions,
  sum(CASE WHEN part < 0 THEN -((-2 * part + whole) / (2 * whole))
           ELSE (2 * part + whole) / (2 * whole) END) AS mrr_amount
FROM (
  SELECT s.organization_id,
    s.currency,
    s.amount * CASE s.recurring_interval WHEN 'week' THEN 52 WHEN 'day' THEN 365 ELSE 1 END AS part,
    coalesce(s.recurring_interval_count, 1) * CASE s.recurring_interval WHEN 'month' THEN 1 ELSE 12 END AS whole
  FROM subscriptions AS s, (SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z' AS at) AS now
  WHERE s.till_deleted_at IS NULL AND s.organization_id IN (SELECT organization_id FROM till_connections WHERE disconnected_at IS NULL)
    AND s.recurring_interval IN ('year', 'month', 'week', 'day')
    AND s.started_at <= now.at
    AND coalesce(s.ended_at, s.ends_at, '9') > now.at
    AND coalesce(s.trial_end, '') <= now.at
)
GROUP BY organization_id, currency;
CREATE VIEW v_customer_revenue AS -- Paid orders of each customer and currency, also of customers who were deleted on Polar.
SELECT o.organization_id,
  o.customer_id,
  c.email,
  c.name,
  o.currency,
  count(*) AS orders,
  sum(o.net_amount) AS net_amount,
  sum(o.refunded_amount) AS refunded_amount,
  min(o.created_at) AS first_order_at,
  max(o.created_at) AS last_order_at
FROM orders AS o LEFT JOIN customers AS c ON c.id = o.customer_id
WHERE o.paid = 1 AND o.till_deleted_at IS NULL AND o.organization_id IN (SELECT organization_id FROM till_connections WHERE disconnected_at IS NULL)
GROUP BY o.organization_id, o.customer_id, o.currency;
PRAGMA application_id = 1953066092;
PRAGMA user_version = 1;
