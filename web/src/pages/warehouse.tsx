export function Warehouse() { return <p>Warehouse</p>; }
