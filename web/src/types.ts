// SPDX-License-Identifier: Apache-2.0
// types.ts - the answers of the API as the page reads them. docs/api.md is the contract; what is optional there is optional here.

export type Kind = "money" | "count" | "rate";

export interface ApiErrorBody {
    class: string;
    text: string;
    hint?: string | null;
}

export interface TableState {
    connection?: string;
    table: string;
    enabled: boolean | number;
    readable: boolean | number;
    rows: number;
    deleted: number;
    quarantined: number;
    proven: boolean | number;
    last_run: string | null;
    last_success: string | null;
    fresh_as_of: string | null;
    method: string;
    every: string;
    next_due: string | null;
    failures: number;
    failing_since: string | null;
    last_error: string | null;
    added?: number;
    changed?: number;
    removed?: number;
    requests?: number;
    last_method?: string | null;
    last_full?: string | null;
    waiting?: number;
}

export interface Connection {
    name: string;
    service: string;
    connected: boolean;
    environment: string;
    api_url: string;
    organization_id: string;
    organization_name: string;
    token_place: string | null;
    scopes: string | null;
    missing_scopes: string | null;
    last_sync: string | null;
    fresh_as_of: string | null;
    rows: number;
    quarantined: number;
    failing_tables: number;
    unproven_tables: number;
    stale: boolean;
    tables: TableState[];
}

export interface Job {
    id: number;
    command: string;
    state: "running" | "done" | "failed";
    line?: string | null;
    exit_status?: number | null;
    output?: unknown;
    error?: ApiErrorBody | null;
}

// A connected source of web traffic.
export interface Source {
    name: string;
    service: string;
    connected: boolean;
    api_url: string;
    property: string;
    property_name: string | null;
    account: string | null;
    timezone: string | null;
    token_place: string | null;
    enabled: boolean;
    every: string;
    days: number;
    first_date: string | null;
    through_date: string | null;
    last_run: string | null;
    fresh_as_of: string | null;
    next_due: string | null;
    failures: number;
    last_error: string | null;
}

export interface State {
    version: string;
    needs: "token" | "password" | null;
    now?: string;
    timezone?: string;
    locale?: string;
    stamp?: number;
    watching?: boolean;
    webhooks?: number | null;
    connections?: Connection[];
    sources?: Source[];
    jobs?: Job[];
}

export interface TilePoint {
    at: string;
    value: number | null;
    previous: number | null;
    complete?: boolean;
}

export interface TileData {
    slug: string;
    name: string;
    kind: Kind;
    balance: boolean;
    value: number | null;
    // what is compared with previous, where it is not the value: of the days that are over
    comparable?: number | null;
    previous: number | null;
    change: number | null;
    approximate: string | null;
    unavailable: string | null;
    series: TilePoint[];
}

export interface Movement {
    timestamp: string;
    start: number;
    new: number;
    expansion: number;
    contraction: number;
    churn: number;
    reactivation: number;
    end: number;
    customers_start?: number;
    customers_new?: number;
    customers_churned?: number;
    customers_reactivated?: number;
    customers_end?: number;
    source?: string | null;
}

export interface Group {
    key: string | null;
    name: string;
    currency: string;
    revenue: number;
    orders: number;
    mrr: number | null;
    share?: number | null;
    refunds?: number;
    average_order_value?: number | null;
    checkouts?: number | null;
    checkouts_succeeded?: number | null;
    checkout_conversion?: number | null;
    // where a source of traffic tells who came
    visitors?: number | null;
    visits?: number | null;
    new_orders?: number;
    conversion?: number | null;
    revenue_per_visitor?: number | null;
}

export interface Person {
    id: string;
    name: string | null;
    email: string | null;
    country?: string | null;
}

export interface LatestRow {
    kind: "order" | "subscription" | "canceled" | "refund";
    id: string;
    at: string;
    customer: Person | null;
    product: string | null;
    amount: number | null;
    currency: string | null;
    billing_reason?: string | null;
}

export interface Annotation {
    id: number | string;
    date: string;
    text: string;
}

export interface Goal {
    metric: string;
    currency: string | null;
    // the list of goals says amount_minor and per; the overview's notes say amount
    amount_minor?: number;
    amount?: number;
    // month: the goal is for a calendar month; null: a level, at any time
    per?: "month" | null;
    until?: string | null;
    date?: string | null;
}

export interface Overview {
    connection: string;
    organization: string;
    range: { from: string; to: string; timezone: string; interval: string; is_partial: boolean };
    // until: where the time before ends when the range holds today, so that like is compared with like
    previous: { from: string; to: string; until?: string | null } | null;
    as_of: string;
    fresh_as_of: string | null;
    currencies: string[];
    currency: string; // of the tiles
    rows_currency: string | null; // of movements, products, countries, sources
    tiles: TileData[] | null;
    traffic?: (TrafficSources & { tiles: TileData[] }) | null;
    movements: Movement[] | null;
    products: Group[] | null;
    countries: Group[] | null;
    sources: Group[] | null;
    latest: LatestRow[] | null;
    annotations: Annotation[] | null;
    goals: Goal[] | null;
}

export interface TrafficSource {
    name: string;
    service: string;
    property: string;
    property_name: string | null;
    timezone: string | null;
    counts: "visitors" | "searches";
    is_chosen: boolean;
    first_date: string | null;
    last_date: string | null;
    complete_to: string | null;
    fresh_as_of: string | null;
    error: string | null;
}

export interface TrafficSources {
    source: string | null;
    search_source: string | null;
    sources: TrafficSource[];
    notes: string[];
}

type ByCurrency = Record<string, number | null>;

export interface TrafficNumbers {
    complete: boolean;
    days: number;
    days_covered: number;
    days_open: number;
    search_days: number;
    search_days_open: number;
    visitors: number | null;
    visits: number | null;
    pageviews: number | null;
    bounce_rate: number | null;
    checkouts: number | null;
    orders: number | null;
    new_orders: number | null;
    conversion: number | null;
    checkout_rate: number | null;
    checkout_conversion: number | null;
    revenue: ByCurrency;
    new_revenue: ByCurrency;
    revenue_per_visitor: ByCurrency;
    search_clicks: number | null;
    search_impressions: number | null;
    search_click_rate: number | null;
    search_position: number | null;
}

export interface TrafficPart {
    value: string;
    visitors: number | null;
    visits: number | null;
    pageviews: number | null;
    bounces: number | null;
}

export interface TrafficAnswer extends TrafficSources {
    start_date: string;
    end_date: string;
    timezone: string;
    interval: string;
    fresh_as_of: string | null;
    periods: ({ timestamp: string } & TrafficNumbers)[];
    totals: TrafficNumbers;
    // totals: the part of the range that is over; previous: as many days before
    comparison: { previous_from: string; previous_to: string; totals: TrafficNumbers; previous: TrafficNumbers } | null;
    parts?: Record<string, TrafficPart[]>;
}

export interface SearchLine {
    query?: string;
    page?: string;
    clicks: number;
    impressions: number;
    click_rate: number | null;
    position: number | null;
}

export interface SearchAnswer extends TrafficAnswer {
    queries: SearchLine[];
    pages: SearchLine[];
    weeks_currency: string | null;
    weeks_seen: number;
    weeks: { from: string; new_revenue: number; new_revenue_before: number; queries: { query: string; clicks: number; clicks_before: number }[] }[];
}

export interface MetricsAnswer {
    periods: ({ timestamp: string } & Record<string, number | string | null>)[];
    totals: Record<string, number | null>;
    metrics: Record<string, { slug: string; display_name: string; type: string }>;
    till: {
        approximate: Record<string, string>;
        unavailable: Record<string, string>;
        interval: string;
        timezone: string;
        fresh_as_of: string | null;
    };
}

export interface Rate {
    value: number | null;
    reason: string | null;
    type: "percentage" | "ratio" | "currency";
    nature: "balance" | "activity";
    formula: string;
}

export interface MovementsAnswer {
    interval: string;
    timezone: string;
    as_of: string;
    source_sentence: string;
    currencies: { currency: string; periods: Movement[]; total: Movement; rates: Record<string, Rate> }[];
}

export interface Cohort {
    timestamp: string;
    customers: number;
    initial: number;
    customers_kept: number[];
    mrr: number[];
}

export interface CohortsAnswer {
    interval: string;
    timezone: string;
    whole_periods: number;
    source_sentence: string;
    currencies: { currency: string; cohorts: Cohort[] }[];
}

export interface BreakdownAnswer {
    by: string;
    traffic_source?: string | null;
    traffic_counts?: "visitors" | "visits" | null;
    groups: Group[];
}

export interface PeopleAnswer {
    list: string;
    total: number;
    customers: {
        customer_id: string;
        name: string | null;
        email: string | null;
        currency: string;
        mrr: number;
        since: string | null;
        why: string | null;
        at: string | null;
        reason: string | null;
    }[];
}

export interface ListAnswer<Row> {
    rows: Row[];
    next: string | null;
    total: number | null;
    is_capped?: boolean;
    sorts?: string[];
}

export interface Product {
    id: string;
    name: string | null;
}

export interface OrderRow {
    id: string;
    created_at: string;
    status: string;
    paid: boolean | number;
    customer: Person | null;
    product: Product | null;
    billing_reason: string | null;
    total_amount: number;
    net_amount: number;
    tax_amount: number;
    refunded_amount: number;
    currency: string;
    invoice_number: string | null;
    subscription_id: string | null;
}

export interface SubscriptionRow {
    id: string;
    started_at: string | null;
    status: string;
    customer: Person | null;
    product: Product | null;
    amount: number;
    currency: string;
    recurring_interval: string;
    recurring_interval_count: number;
    current_period_end: string | null;
    cancel_at_period_end: boolean | number;
    ends_at: string | null;
    ended_at: string | null;
    trial_end: string | null;
    customer_cancellation_reason: string | null;
    mrr: number | null;
}

export interface Amount {
    currency: string;
    amount?: number;
    net_amount?: number;
    refunded_amount?: number;
}

export interface CustomerRow {
    id: string;
    created_at: string;
    name: string | null;
    email: string | null;
    country: string | null;
    orders: number;
    revenue: Amount[];
    mrr: Amount[];
    since: string | null;
    last_order_at: string | null;
    deleted: boolean | number | string | null;
}

export interface ProductRow {
    id: string;
    name: string;
    is_archived: boolean | number;
    is_recurring: boolean | number;
    recurring_interval: string | null;
    prices: { amount_type: string; currency: string | null; amount: number | null }[];
    orders: number;
    revenue: Amount[];
    mrr: Amount[];
    active_subscriptions: number;
}

export interface HistoryMoment {
    seen_at: string;
    event: string;
    table?: string;
    id?: string;
    changes: { column: string; old_value: unknown; new_value: unknown }[];
}

export interface CustomerAnswer extends CustomerRow {
    orders_list?: OrderRow[];
    subscriptions?: SubscriptionRow[];
    lifetime_value?: Amount[];
    changes?: HistoryMoment[];
    first_order_at?: string | null;
}

export interface Run {
    table: string;
    started: string | null;
    finished: string | null;
    seconds: number | null;
    method: string | null;
    added: number;
    changed: number;
    removed: number;
    requests: number;
    proven: boolean | number | null;
    error: string | null;
}

export interface SchemaTable {
    name: string;
    kind: "table" | "view";
    sentence: string;
    columns: { name: string; type: string; sentence: string | null }[];
}

export interface QueryAnswer {
    columns: { name: string; type: string | null }[];
    rows: (string | number | null)[][];
    row_count: number;
    is_cut: boolean;
    elapsed_ms: number;
}

export interface Definition {
    slug: string;
    name: string;
    kind: string;
    balance?: boolean;
    nature?: string;
    definition: string;
    formula: string;
}

export interface Saved {
    name: string;
    sql: string;
}

export interface DoctorAnswer {
    version: string;
    checks: { check: string; verdict: string; text: string; remedy: string | null }[];
}

export interface VerifyAnswer {
    metrics: { slug: string; ours: number | null; theirs: number | null; difference: number | null; exact: boolean; reason: string | null; differing_periods: number; worst_period: string | null }[];
    drift: number;
}

// ---- the digest

export type DigestWindow = "day" | "week" | "month";

export interface DigestCell {
    value: number | null;
    before: number | null;
    change: { kind: "unknown" | "new" | "flat" | "up" | "down"; measure?: "absolute" | "percent" | "points"; amount?: number };
}

export interface DigestLine extends Record<DigestWindow, DigestCell> {
    slug: string;
    label: string;
    unit: "count" | "money" | "percent";
    section: "money" | "subscriptions" | "traffic";
    currency: string | null;
    date: string;
}

export interface DigestTop {
    name: string;
    currency: string;
    revenue_minor: number;
    orders: number;
    visitors?: number;
}

export interface DigestSource {
    name: string;
    about: string | null;
    fresh_as_of: string | null;
    complete_to?: string;
    stale: boolean;
    error: string | null;
    not_counted: string | null;
}

export interface DigestAnswer {
    name: string;
    organization_name: string | null;
    period: "day" | "week";
    date: string;
    timezone: string;
    currency: string | null;
    partial: boolean;
    quiet: boolean;
    windows: Record<DigestWindow, { from: string; to: string; before_from: string; before_to: string }>;
    lines: DigestLine[];
    // for each line the times of which it has something to tell
    shown: DigestWindow[][];
    standouts: { rule: string; text: string; look: string | null }[];
    products: DigestTop[];
    sources: DigestTop[];
    data: DigestSource[];
    days: { date: string; revenue_minor: number }[];
    remark: string | null;
    nothing: string;
    latest_date: string;
}

// ---- where digests go

export interface ChannelField {
    parameter: string; // of POST /api/channels
    secret: boolean;
    needed: boolean;
    default: string | null;
    sentence: string;
}

export interface ChannelKind {
    kind: string;
    label: string;
    sentence: string;
    local: boolean; // added at the command line alone
    fields: ChannelField[];
}

export interface DigestDelivery {
    channel: string;
    organization_id: string;
    period: "day" | "week";
    date: string;
    state: "waiting" | "committed" | "sent" | "uncertain" | "failed";
    parts_sent: number;
    parts: number;
    tries: number;
    last_try: string | null;
    next_try: string | null;
    error: string | null;
}

export type Digests = "days" | "weeks" | "both";

export interface Channel {
    name: string;
    kind: string;
    error?: string; // it cannot be read; then the rest is missing
    where: string | null;
    enabled: boolean;
    digests: Digests;
    sections: string[];
    connection: string | null;
    with_names: boolean;
    ascii: boolean;
    secret_place: string | null;
    deliveries: DigestDelivery[]; // newest first
}

export interface Schedule {
    enabled: boolean;
    at: string; // 08:00
    timezone: string;
    weekdays: string[];
    weekly_on: string | null;
    next_day?: string | null;
    next_week?: string | null;
}

export interface ChannelsAnswer {
    kinds: ChannelKind[];
    channels: Channel[];
    schedule: Schedule;
}
