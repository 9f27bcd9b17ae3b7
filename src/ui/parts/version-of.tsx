/** The version of a node beside the newest one. */
export function VersionOf({
  version,
  newest,
}: {
  readonly version: number | undefined;
  readonly newest: number | undefined;
}) {
  if (version === undefined) return <span class="fine">unknown</span>;
  if (version === newest) return <span title={String(version)}>newest</span>;
  return <span class="number">{version === 0 ? 'none yet' : version}</span>;
}
