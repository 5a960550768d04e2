export function Subscriptions() { return <p>Subscriptions</p>; }
