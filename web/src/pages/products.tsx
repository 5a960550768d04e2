export function Products() { return <p>Products</p>; }
