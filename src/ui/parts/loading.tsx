/** Shown by its style after 300 ms only, in the space of what comes. */
export function Loading({ rows = 3, what }: { readonly rows?: number; readonly what: string }) {
  return (
    <div class="loading" role="status" aria-label={`loading ${what}`}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} class="bone" />
      ))}
    </div>
  );
}
