export function Integrations({ isFirst }: { isFirst?: boolean }) { return <p>{isFirst ? "first" : "Integrations"}</p>; }
