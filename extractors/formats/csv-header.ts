/** Names for the columns of a file, and what a user should know about how they were made. */
export interface ColumnNames {
  readonly names: readonly string[];
  readonly notices: readonly string[];
}

/**
 * One name for each field of a header, all different. A name keeps its first column; a later column of the same name becomes `name_2`,
 * `name_3`, … (the first that no other column has), a blank one `column_N` by its position from 1.
 */
export function namesFromHeader(header: readonly string[]): ColumnNames {
  const taken = new Set(header);
  const seen = new Set<string>();
  const next = new Map<string, number>();
  const notices: string[] = [];

  function free(base: string): string {
    for (let number = next.get(base) ?? 2; ; number++) {
      const candidate = `${base}_${number}`;
      if (taken.has(candidate)) continue;
      next.set(base, number + 1);
      taken.add(candidate);
      return candidate;
    }
  }

  const names = header.map((name, index) => {
    const position = index + 1;
    if (name.trim() === '') {
      const wanted = `column_${position}`;
      const given = taken.has(wanted) ? free(wanted) : wanted;
      taken.add(given);
      notices.push(`column ${position} has no name in the header and is called ${given}`);
      return given;
    }
    if (!seen.has(name)) {
      seen.add(name);
      return name;
    }
    const given = free(name);
    notices.push(`column ${position} has the same name as another, ${name}, and is called ${given}`);
    return given;
  });
  return { names, notices };
}

/** `column_1` to `column_n`, for files without a header. */
export function numberedNames(count: number): ColumnNames {
  return { names: Array.from({ length: count }, (_, index) => `column_${index + 1}`), notices: [] };
}
