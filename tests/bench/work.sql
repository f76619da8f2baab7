-- SPDX-License-Identifier: Apache-2.0
-- work.sql - a work-load for sqlite3: rows, indexes, joins, text.
CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, city TEXT, age INTEGER);
CREATE TABLE orders(id INTEGER PRIMARY KEY, person INTEGER, item TEXT, price REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
INSERT INTO people SELECT i, 'name ' || i * 7919 % 200000, 'city ' || i % 300, i % 90 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
INSERT INTO orders SELECT i, i * 31 % 200000, printf('item %08d', i % 1000), i * 0.25 FROM n;
CREATE INDEX people_by_city ON people(city, age);
CREATE INDEX orders_by_person ON orders(person);
SELECT city, count(*), sum(price) FROM people JOIN orders ON orders.person = people.id
	GROUP BY city ORDER BY 3 DESC LIMIT 5;
SELECT item, group_concat(substr(name, 6)) FROM orders JOIN people ON person = people.id
	WHERE price < 400 GROUP BY item LIMIT 3;
UPDATE people SET name = upper(name) || '.' WHERE age % 3 = 0;
DELETE FROM orders WHERE price > 30000;
SELECT count(DISTINCT name || city) FROM people;
SELECT count(*), max(length(item)) FROM orders;
