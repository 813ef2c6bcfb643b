import type { Cell } from '../../core/cells';
import { BeamliftError } from '../../core/errors';
import type { InstantStyle } from '../../core/instant-format';
import { isCells } from '../cell-shape';
import type { LeafBuffer } from './parquet-leaf';
import type { ParquetNode } from './parquet-schema';
import { compileLeafWriter } from './parquet-values';

/** Writes a cell, or null, into the leaves of a node; `definition` is the level of what the node is in. */
export type NodeWriter = (cell: Cell, repetition: number, definition: number) => void;

/** Throws INTERNAL for a cell that is not what the node's type says, and for a null where there can be none. */
export function compileNode(
  node: ParquetNode,
  leaves: readonly LeafBuffer[],
  style: InstantStyle,
): NodeWriter {
  const writePresent = compilePresent(node, leaves, style);
  const below = leavesOf(node, leaves);
  return (cell, repetition, definition) => {
    if (cell !== null) {
      writePresent(cell, repetition);
      return;
    }
    if (!node.optional) throw missingCell(node);
    for (const leaf of below) leaf.add(repetition, definition);
  };
}

function compilePresent(
  node: ParquetNode,
  leaves: readonly LeafBuffer[],
  style: InstantStyle,
): (cell: Exclude<Cell, null>, repetition: number) => void {
  const { definition } = node;
  switch (node.kind) {
    case 'leaf': {
      const leaf = leafOf(node.index, leaves);
      const write = compileLeafWriter(leaf, style);
      return (cell, repetition) => {
        leaf.add(repetition, definition);
        write(cell);
      };
    }
    case 'group': {
      const fields = node.fields.map((field) => compileNode(field, leaves, style));
      return (cell, repetition) => {
        if (!isCells(cell)) throw wrongCell(node);
        let index = 0;
        for (const write of fields) write(cell[index++] ?? null, repetition, definition);
      };
    }
    case 'list': {
      const write = compileNode(node.element, leaves, style);
      const below = leavesOf(node, leaves);
      const repeated = node.repetition + 1;
      return (cell, repetition) => {
        if (!isCells(cell)) throw wrongCell(node);
        if (cell.length === 0) {
          for (const leaf of below) leaf.add(repetition, definition);
          return;
        }
        let level = repetition;
        for (const element of cell) {
          write(element, level, definition + 1);
          level = repeated;
        }
      };
    }
  }
}

/** The leaves of a node, itself included. */
export function leavesOf(node: ParquetNode, leaves: readonly LeafBuffer[]): readonly LeafBuffer[] {
  switch (node.kind) {
    case 'leaf':
      return [leafOf(node.index, leaves)];
    case 'group':
      return node.fields.flatMap((field) => leavesOf(field, leaves));
    case 'list':
      return leavesOf(node.element, leaves);
  }
}

function leafOf(index: number, leaves: readonly LeafBuffer[]): LeafBuffer {
  const leaf = leaves[index];
  if (leaf === undefined) throw new RangeError('a leaf without a buffer');
  return leaf;
}

function missingCell({ name }: ParquetNode): BeamliftError {
  return new BeamliftError('INTERNAL', {
    what: `The encoder met a null in ${name}, where there can be none`,
  });
}

function wrongCell({ name, kind }: ParquetNode): BeamliftError {
  return new BeamliftError('INTERNAL', {
    what: `The encoder met a value in ${name} that is no ${kind === 'list' ? 'array' : 'struct'}`,
  });
}
