// SPDX-License-Identifier: Apache-2.0
// subscriptions.tsx - recurring revenue: how it moved, the rates that follow, who stays (cohorts), and the subscriptions themselves.
import { useAnswer } from "../api";
import * as f from "../format";
import { today, useReport } from "../report";
import { link, setParams, usePlace } from "../router";
import type { Cohort, CohortsAnswer, Goal, MovementsAnswer, Rate, SubscriptionRow } from "../types";
import { Bones, Choice, Empty, ErrorBox, Name, Part, Tag } from "../ui/basics";
import { Chart } from "../ui/chart";
import { Choices } from "../ui/choices";
import { DataTable, Search, type Column } from "../ui/datatable";
import { goalMinor, goalsOf, MRR, mrrIn, OtherGoals } from "../ui/goals";
import { MovementTable, movementSeries } from "./overview";

const RATES: [string, string][] = [
    ["net_revenue_retention", "Net revenue retention"],
    ["gross_revenue_retention", "Gross revenue retention"],
    ["quick_ratio", "Quick ratio"],
    ["customer_churn", "Customer churn"],
    ["gross_mrr_churn", "Gross MRR churn"],
    ["net_mrr_churn", "Net MRR churn"],
    ["average_revenue_per_account", "Revenue per customer"],
    ["lifetime_value", "Lifetime value"],
    ["trial_conversion", "Trial conversion"],
];

function Rates({ rates, currency }: { rates: Record<string, Rate>; currency: string }) {
    const show = (rate: Rate) => (rate.type === "currency" ? f.money(rate.value, currency) : rate.type === "ratio" ? f.count(rate.value === null ? null : Math.round(rate.value * 100) / 100) : f.share(rate.value));
    return (
        <table>
            <caption class="sr">Rates of the whole range</caption>
            <tbody>
                {RATES.filter(([key]) => rates[key]).map(([key, title]) => (
                    <tr key={key}>
                        <th scope="row" title={rates[key].formula}>
                            {title}
                            {rates[key].value === null && <span class="quiet small"> · {rates[key].reason}</span>}
                        </th>
                        <td class="num">{rates[key].value === null ? <span class="quiet">–</span> : show(rates[key])}</td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

function step(part: number): number {
    // the upper half is where cohorts differ
    return Math.max(0, Math.min(9, Math.ceil(part ** 1.6 * 9)));
}

function Heat(props: { cohorts: Cohort[]; whole: number; interval: string; zone: string; currency: string; isMoney: boolean }) {
    const list = props.cohorts.map((cohort, i) => ({ cohort, i })).filter(({ cohort }) => cohort.customers > 0);
    const width = Math.max(0, ...list.map(({ cohort }) => cohort.customers_kept.length));
    if (list.length === 0) return <Empty>Nobody began to pay in {props.currency.toUpperCase()} in these days.</Empty>;
    return (
        <div class="scroll" tabIndex={0} role="group" aria-label="Cohorts">
            <table class="heat">
                <caption class="sr">
                    Of those who began to pay in the same {props.interval}: the share of {props.isMoney ? "their MRR" : "customers"} that is left after so many {props.interval}s
                </caption>
                <thead>
                    <tr>
                        <th scope="col">Began</th>
                        <th scope="col" class="num">{props.isMoney ? "MRR" : "Customers"}</th>
                        {Array.from({ length: width }, (_, k) => (
                            <th scope="col" key={k}>
                                <span class="sr">after {props.interval} </span>
                                {k}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {list.map(({ cohort, i }) => (
                        <tr key={cohort.timestamp}>
                            <th scope="row">{f.bucket(cohort.timestamp, props.interval, props.zone)}</th>
                            <th class="num">{props.isMoney ? f.money(cohort.initial, props.currency) : f.count(cohort.customers)}</th>
                            {Array.from({ length: width }, (_, k) => {
                                const value = (props.isMoney ? cohort.mrr : cohort.customers_kept)[k];
                                if (value === undefined) return <td key={k} />;
                                const base = props.isMoney ? cohort.initial : cohort.customers;
                                const part = base > 0 ? value / base : 0;
                                const isOpen = i + k >= props.whole;
                                return (
                                    <td key={k} class={`h${step(part)} ${isOpen ? "open" : ""}`} title={`${props.isMoney ? f.money(value, props.currency) : f.plural(value, "customer")}${isOpen ? `, this ${props.interval} is not over` : ""}`}>
                                        <span>{f.share(part, 0)}</span>
                                    </td>
                                );
                            })}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

export function subscriptionColumns(zone: string, withCustomer = true): Column<SubscriptionRow>[] {
    return [
        { key: "started_at", title: "Since", sort: "started_at", width: "112px", cell: (row) => <span title={row.id}>{f.day(row.started_at, zone)}</span>, text: (row) => row.started_at },
        ...(withCustomer
            ? [
                  {
                      key: "customer",
                      title: "Customer",
                      cell: (row: SubscriptionRow) =>
                          row.customer ? (
                              <a href={link(`/customers/${row.customer.id}`)} title={row.customer.email ?? ""}>
                                  <Name>{f.who(row.customer)}</Name>
                              </a>
                          ) : (
                              <span class="quiet">unknown</span>
                          ),
                      text: (row: SubscriptionRow) => row.customer?.email ?? row.customer?.name ?? null,
                  },
              ]
            : []),
        { key: "product", title: "Product", when: "p2", cell: (row) => <Name>{row.product?.name ?? "–"}</Name>, text: (row) => row.product?.name ?? null },
        { key: "status", title: "Status", width: "112px", cell: (row) => <Tag status={row.status} />, text: (row) => row.status },
        {
            key: "next",
            title: "Next",
            sort: "current_period_end",
            when: "p3",
            width: "208px",
            cell: (row) => (
                <span class="quiet">
                    {row.ended_at ? `ended ${f.day(row.ended_at, zone)}` : row.cancel_at_period_end || row.ends_at ? `ends ${f.day(row.ends_at ?? row.current_period_end, zone)}` : row.current_period_end ? `renews ${f.day(row.current_period_end, zone)}` : "–"}
                </span>
            ),
            text: (row) => row.ended_at ?? row.ends_at ?? row.current_period_end,
        },
        { key: "reason", title: "Reason given", when: "p3", width: "136px", cell: (row) => <span class="quiet">{row.customer_cancellation_reason ? f.words(row.customer_cancellation_reason) : ""}</span>, text: (row) => row.customer_cancellation_reason },
        {
            key: "amount",
            title: "Price",
            isNumber: true,
            when: "p2",
            width: "152px",
            cell: (row) => (
                <>
                    {f.money(row.amount, row.currency)}
                    <span class="quiet"> / {row.recurring_interval_count > 1 ? `${row.recurring_interval_count} ` : ""}{row.recurring_interval}</span>
                </>
            ),
            text: (row) => f.decimal(row.amount, row.currency),
        },
        { key: "mrr", title: "MRR", isNumber: true, width: "104px", cell: (row) => (row.mrr ? f.money(row.mrr, row.currency) : <span class="quiet">–</span>), text: (row) => (row.mrr === null ? null : f.decimal(row.mrr, row.currency)) },
        { key: "currency", title: "", width: "44px", when: "p2", cell: (row) => <span class="quiet small">{row.currency.toUpperCase()}</span>, text: (row) => row.currency },
    ];
}

export function Subscriptions() {
    const report = useReport("12m");
    const { params } = usePlace();
    const interval = report.interval === "hour" ? "day" : report.interval;
    const question = { ...report.query, interval, currency: null };
    const { data, error, again, isLoading } = useAnswer<MovementsAnswer>("/api/movements", question);
    const cohortInterval = report.days > 1100 ? "year" : report.days > 62 ? "month" : "week";
    const cohorts = useAnswer<CohortsAnswer>("/api/cohorts", { ...question, interval: cohortInterval });
    const codes = data?.currencies.map((one) => one.currency) ?? [];
    const currency = codes.includes(report.currency) ? report.currency : codes.includes("usd") ? "usd" : (codes[0] ?? "usd");
    const shown = data?.currencies.find((one) => one.currency === currency);
    const heat = cohorts.data?.currencies.find((one) => one.currency === currency);
    const isMoney = params.get("of") === "money";
    // A goal in US dollars is for all currencies together, as `till metrics` counts: it is no line among the dollars alone.
    const kept = useAnswer<Goal[]>("/api/goals", {}).data;
    const isWhole = currency !== "usd" || codes.length < 2;
    const { drawn: goal, others } = goalsOf(kept, MRR, isWhole ? currency : "", report.from);
    const span = f.span(report.from, report.to);
    const hasEnd = report.to >= today(report.zone);
    const saveCohorts = () => {
        if (!heat || !cohorts.data) return;
        const width = Math.max(0, ...heat.cohorts.map((one) => one.customers_kept.length));
        f.download(
            `cohorts-${isMoney ? "mrr" : "customers"}-${currency}.csv`,
            f.csv(
                ["began", isMoney ? "mrr" : "customers", ...Array.from({ length: width }, (_, k) => String(k))],
                heat.cohorts.map((one) => [one.timestamp, isMoney ? f.decimal(one.initial, currency) : one.customers, ...(isMoney ? one.mrr.map((minor) => f.decimal(minor, currency)) : one.customers_kept)]),
            ),
        );
    };
    return (
        <>
            <h1 class="sr">Subscriptions</h1>
            <Choices report={{ ...report, interval }} hasProducts currencies={codes} currency={currency} />
            {error && <ErrorBox error={error} again={again} />}
            {isLoading && <Bones height={420} />}
            {data && !shown && <Empty>No subscriptions yet. When the first one begins, its movements are told here.</Empty>}
            {shown && (
                <>
                    <div class="grid">
                        <div class="c8 m12">
                            <Chart title="Monthly recurring revenue" name="MRR" note={`${currency.toUpperCase()}, at the end of each ${interval}`} at={shown.periods.map((one) => one.timestamp)} series={[{ key: "end", name: "MRR", form: "line", color: "series-1", swatch: "s1", values: shown.periods.map((one) => one.end), whole: shown.total.end }]} interval={interval} zone={data?.timezone ?? report.zone} kind="money" currency={currency} wholeLabel="at the end" height={232} goal={goal && goalMinor(goal)} goalLabel={goal ? `goal ${f.money(goalMinor(goal), currency)}` : undefined} />
                            <OtherGoals
                                list={others}
                                isMonthly={false}
                                why={(one) => (one.currency === "usd" ? "it is for all currencies in US dollars" : `this chart is in ${currency.toUpperCase()}`)}
                                where={(one) => (one.currency === "usd" ? ["MRR on the overview", link("/", { metric: MRR })] : mrrIn(one))}
                            />
                            <div style={{ height: "20px" }} />
                            <Chart title="Movements" name="MRR movements" at={shown.periods.map((one) => one.timestamp)} series={movementSeries(shown.periods)} interval={interval} zone={data?.timezone ?? report.zone} kind="money" currency={currency} wholeLabel={span} isPartial={hasEnd} height={232} />
                        </div>
                        <div class="c4 m12">
                            <Part title="From start to end" note={span}>
                                <MovementTable total={shown.total} currency={currency} />
                            </Part>
                            <div style={{ height: "28px" }} />
                            <Part title="Rates" note="of the whole range">
                                <Rates rates={shown.rates} currency={currency} />
                            </Part>
                            <p class="quiet small" style={{ marginTop: "8px" }}>
                                {f.sentence(data?.source_sentence ?? "")}.
                            </p>
                        </div>
                    </div>
                    <div class="grid">
                        <Part
                            class="c12"
                            title="Who stays"
                            note={`of those who began in one ${cohortInterval}, what is left after so many ${cohortInterval}s`}
                            tools={
                                <>
                                    <button type="button" aria-pressed={!isMoney} onClick={() => setParams({ of: null }, true)}>
                                        Customers
                                    </button>
                                    <button type="button" aria-pressed={isMoney} onClick={() => setParams({ of: "money" }, true)}>
                                        Money
                                    </button>
                                    <button type="button" onClick={saveCohorts}>
                                        CSV<span class="sr"> of the cohorts</span>
                                    </button>
                                </>
                            }
                        >
                            {cohorts.error && <ErrorBox error={cohorts.error} again={cohorts.again} />}
                            {cohorts.isLoading && <Bones lines={10} />}
                            {heat && cohorts.data && <Heat cohorts={heat.cohorts} whole={cohorts.data.whole_periods} interval={cohortInterval} zone={cohorts.data.timezone} currency={currency} isMoney={isMoney} />}
                        </Part>
                    </div>
                </>
            )}
            <div class="grid">
                <Part class="c12" title="Subscriptions" tools={<a href={link("/customers", { list: "at_risk" })}>At risk</a>}>
                    <DataTable<SubscriptionRow>
                        name="Subscriptions"
                        one="subscription"
                        path="/api/list/subscriptions"
                        query={{ connection: report.query.connection, product_id: report.products, search: params.get("search"), status: params.get("status") }}
                        columns={subscriptionColumns(report.zone)}
                        usualSort="-started_at"
                        empty={params.get("search") || params.get("status") ? "No subscription matches." : "No subscriptions yet."}
                        tools={
                            <>
                                <Search label="Search subscriptions" />
                                <Choice label="Status" value={params.get("status") ?? ""} options={[["", "any status"], ...["active", "trialing", "past_due", "unpaid", "paused", "canceled"].map((one) => [one, f.words(one)] as [string, string])]} onChange={(status) => setParams({ status }, true)} />
                            </>
                        }
                    />
                </Part>
            </div>
        </>
    );
}
