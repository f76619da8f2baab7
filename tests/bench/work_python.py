# SPDX-License-Identifier: Apache-2.0
"""work_python.py - a work-load for python3: objects, texts, trees, JSON, sorting."""
import json
import re


class Node:
    def __init__(self, key, left=None, right=None):
        self.key = key
        self.left = left
        self.right = right


def tree(depth, key=1):
    if depth == 0:
        return Node(key)
    return Node(key, tree(depth - 1, 2 * key), tree(depth - 1, 2 * key + 1))


def total(node):
    return 0 if node is None else node.key + total(node.left) + total(node.right)


def words(count):
    x = 12345
    for _ in range(count):
        x = (x * 1103515245 + 12345) % 2147483648
        yield "w%d" % (x >> 12 & 4095)


counts = {}
for word in words(200000):
    counts[word] = counts.get(word, 0) + 1
for _ in range(3):
    print(total(tree(14)))
rows = [{"id": i, "name": "name %d" % i, "tags": ["a%d" % (i % 7), i * 0.5]}
        for i in range(200000 // 10)]
again = json.loads(json.dumps(rows))
again.sort(key=lambda row: (row["tags"][0], -row["id"]))
text = " ".join(words(200000 // 2))
print(len(counts), again[0]["id"], len(re.findall(r"w(\d)\1", text)),
      len({tuple(w) for w in text.split()}))
