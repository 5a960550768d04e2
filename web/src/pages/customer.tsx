export function Customer({ id }: { id: string }) { return <p>{id}</p>; }
