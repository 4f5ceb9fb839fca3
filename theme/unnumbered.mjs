// A mystmd plugin: only labelled equations carry a number, since only they can be referred to.
// (mystmd numbers every display otherwise.)

function visit(node) {
  if (node.type === 'math' && !node.label && !node.identifier) node.enumerated = false;
  for (const child of node.children ?? []) visit(child);
}

export default {
  name: 'Number labelled equations only',
  transforms: [{ name: 'unnumbered', stage: 'document', plugin: () => visit }],
};
