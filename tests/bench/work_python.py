# SPDX-License-Identifier: Apache-2.0
"""work_python.py - a work-load for python3: objects, texts, trees, JSON, sorting.

    work_python.py [WORDS]      200000 by default
"""
import json
import re
import sys


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


WORDS = int(sys.argv[1]) if len(sys.argv) > 1 else 200000

counts = {}
for word in words(WORDS):
    counts[word] = counts.get(word, 0) + 1
for _ in range(WORDS * 3 // 200000):
    print(total(tree(14)))
rows = [{"id": i, "name": "name %d" % i, "tags": ["a%d" % (i % 7), i * 0.5]}
        for i in range(WORDS // 10)]
again = json.loads(json.dumps(rows))
again.sort(key=lambda row: (row["tags"][0], -row["id"]))
text = " ".join(words(WORDS // 2))
print(len(counts), again[0]["id"], len(re.findall(r"w(\d)\1", text)),
      len({tuple(w) for w in text.split()}))
