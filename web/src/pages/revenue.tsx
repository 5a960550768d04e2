export function Revenue() { return <p>Revenue</p>; }
