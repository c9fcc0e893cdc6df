type Defined<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };

/** The fields that have a value; absent fields keep the base's value. */
export function defined<Fields extends Readonly<Record<string, unknown>>>(
  fields: Fields,
): Defined<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Defined<Fields>;
}
