import { printDuration } from '../duration-literal.js';
import type { Expression, Fill, Measurement, Operand, SelectStatement, Source } from '../select.js';
import { decimal, goShortest, type NumberForm, printNumber } from './print-number.js';
import { printName, printRegex, printString } from './quote.js';

/** How a statement is printed. */
export interface PrintOptions {
  /** Default: `full`. */
  readonly numbers?: NumberForm;
  /** Whether names that newer servers reserve (`future`, `past`, `verbose`) are quoted. Default: true. */
  readonly portable?: boolean;
}

/** Prints parts of SELECT statements in one form. */
export class SelectPrinter {
  readonly #numbers: NumberForm;
  readonly #portable: boolean;

  constructor({ numbers = 'full', portable = true }: PrintOptions) {
    this.#numbers = numbers;
    this.#portable = portable;
  }

  name(name: string): string {
    return printName(name, this.#portable);
  }

  select(select: SelectStatement): string {
    const { target, condition, dimensions, order, zone } = select;
    const fields = select.fields.map(
      ({ expression, alias }) =>
        this.expression(expression) + (alias === '' ? '' : ` AS ${this.name(alias)}`),
    );
    const parts = [
      `SELECT ${fields.join(', ')}`,
      target && `INTO ${this.measurement(target)}`,
      `FROM ${select.sources.map((source) => this.#source(source)).join(', ')}`,
      condition && `WHERE ${this.expression(condition)}`,
      dimensions.length > 0 && `GROUP BY ${dimensions.map((one) => this.expression(one)).join(', ')}`,
      this.#fill(select.fill),
      order && `ORDER BY ${order.named ? 'time ' : ''}${order.ascending ? 'ASC' : 'DESC'}`,
      select.limit > 0n && `LIMIT ${select.limit}`,
      select.offset > 0n && `OFFSET ${select.offset}`,
      select.seriesLimit > 0n && `SLIMIT ${select.seriesLimit}`,
      select.seriesOffset > 0n && `SOFFSET ${select.seriesOffset}`,
      zone !== undefined && `TZ('${zone}')`,
    ];
    return parts.filter((part) => typeof part === 'string' && part !== '').join(' ');
  }

  measurement({ database, policy, name, regex }: Measurement): string {
    const place =
      (database === '' ? '' : `${this.name(database)}.`) +
      (policy === '' ? '' : this.name(policy)) +
      (database === '' && policy === '' ? '' : '.');
    if (regex !== undefined) return place + printRegex(regex);
    return place + (name === '' ? ':MEASUREMENT' : this.name(name));
  }

  #source(source: Source): string {
    return source.kind === 'subquery' ? `(${this.select(source.select)})` : this.measurement(source);
  }

  expression({ operands, operators }: Expression): string {
    const parts = operands.map((operand, at) => {
      const operator = operators[at];
      return operator === undefined ? this.#operand(operand) : `${this.#operand(operand)} ${operator}`;
    });
    return parts.join(' ');
  }

  #operand(operand: Operand): string {
    switch (operand.kind) {
      case 'reference':
        return this.name(operand.name) + (operand.type === '' ? '' : `::${operand.type}`);
      case 'wildcard':
        return operand.type === '' ? '*' : `*::${operand.type}`;
      case 'distinct':
        // Neither this name nor that of a function is quoted by a server: `checkPlainNames` refuses those that would need it.
        return `DISTINCT ${operand.name}`;
      case 'call':
        return `${operand.name}(${operand.args.map((one) => this.expression(one)).join(', ')})`;
      case 'parenthesis':
        return `(${this.expression(operand.inner)})`;
      case 'string':
        return printString(operand.value);
      case 'regex':
        return printRegex(operand.pattern);
      case 'boolean':
        return String(operand.value);
      case 'integer':
        return String(operand.value);
      case 'number':
        return printNumber(operand.value, this.#numbers);
      case 'duration':
        return printDuration(operand.value);
    }
  }

  /** A number with an exponent could not be read again: the full form has none. */
  #fill(fill: Fill): string {
    if (fill === 'null') return '';
    if (typeof fill === 'string') return `fill(${fill})`;
    if (fill.kind !== 'number') return `fill(${this.#operand(fill)})`;
    return `fill(${this.#numbers === 'full' ? decimal(fill.value) : goShortest(fill.value)})`;
  }
}
