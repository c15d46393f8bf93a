"""Queries that have a name: what is asked of a survey again and again."""

from typing import NamedTuple


class Query(NamedTuple):
    """A query of the tables of a survey."""

    name: str
    title: str
    """What it tells, in a line."""
    sql: str


EXCHANGES = """
    SELECT o.*, m.data_set_length, m.sop_instance_uid, m.end_time,
           if(forth, a.requestor_ae_title, a.acceptor_ae_title) AS asking_ae_title,
           if(forth, a.requestor_address, a.acceptor_address) AS asking_address,
           if(forth, a.acceptor_ae_title, a.requestor_ae_title) AS asked_ae_title,
           if(forth, a.acceptor_address, a.requestor_address) AS asked_address
    FROM operations AS o JOIN associations AS a USING (association)
    JOIN (SELECT *, direction = 'requestor-to-acceptor' AS forth FROM messages) AS m
    ON m.association = o.association AND m.number = o.request
"""
"""The view `exchanges`: operations, with who asked whom, whichever of both opened the association."""
QUERIES = (
    Query(
        "failures",
        "Operations that failed, by hour and by the AE that was asked",
        """
        SELECT date_trunc('hour', time) AS hour, asked_ae_title, name AS operation, count(*) AS operations,
               count(*) FILTER (status_category = 'Failure') AS failed,
               mode(printf('0x%04X', status)) FILTER (status_category = 'Failure') AS most_frequent_status
        FROM exchanges GROUP BY ALL HAVING failed > 0 ORDER BY hour, failed DESC, 1, 2, 3
        """,
    ),
    Query(
        "slowest-peers",
        "How long AEs take to answer, the slowest first",
        """
        SELECT asked_ae_title, asked_address, name AS operation, count(*) AS operations,
               round(median(latency), 6) AS median_s, round(quantile_cont(latency, 0.95), 6) AS p95_s,
               round(max(latency), 6) AS longest_s
        FROM exchanges WHERE latency IS NOT NULL GROUP BY ALL ORDER BY p95_s DESC, 1, 2, 3
        """,
    ),
    Query(
        "refused-sop-classes",
        "Who refuses which SOP class, offered in which transfer syntaxes, and to whom",
        """
        SELECT a.acceptor_ae_title, coalesce(r.sop_class_name, r.sop_class_uid) AS sop_class, r.result_name AS why,
               r.transfer_syntax_uids, count(DISTINCT r.association) AS associations,
               list_sort(list_distinct(list(a.requestor_ae_title))) AS offered_by
        FROM refused_contexts AS r JOIN associations AS a USING (association)
        GROUP BY ALL ORDER BY associations DESC, 1, 2, 3
        """,
    ),
    Query(
        "refused-associations",
        "Who rejects or aborts associations, whose, and why",
        """
        SELECT acceptor_ae_title, requestor_ae_title, requestor_address, outcome, coalesce(reject, abort) AS why,
               count(*) AS associations, min(start_time) AS first, max(start_time) AS last
        FROM associations WHERE outcome IN ('rejected', 'aborted')
        GROUP BY ALL ORDER BY associations DESC, 1, 2, 3
        """,
    ),
    Query(
        "associations-per-image",
        "How many associations it takes to store an object: 1 is a waste of time",
        """
        WITH stored AS (SELECT association, count(*) AS objects FROM operations WHERE name = 'C-STORE' GROUP BY ALL)
        SELECT requestor_ae_title, acceptor_ae_title, count(*) AS associations, sum(objects)::BIGINT AS objects,
               round(count(*) / sum(objects), 3) AS associations_per_object,
               round(sum(objects) / nullif(sum(duration), 0), 3) AS objects_per_s
        FROM stored JOIN associations USING (association)
        GROUP BY ALL ORDER BY associations_per_object DESC, associations DESC, 1, 2, 3
        """,
    ),
    Query(
        "sent-twice",
        "Instances that were sent to the same AE more than once",
        """
        SELECT sop_instance_uid, asked_ae_title AS sent_to, count(*) AS times,
               list_sort(list_distinct(list(asking_ae_title))) AS sent_by, min(time) AS first, max(time) AS last,
               sum(data_set_length)::BIGINT AS bytes
        FROM exchanges WHERE name = 'C-STORE' AND sop_instance_uid IS NOT NULL
        GROUP BY ALL HAVING times > 1 ORDER BY times DESC, bytes DESC, 1, 2, 3
        """,
    ),
    Query(
        "never-arrived",
        "C-MOVEs of which fewer objects arrived, as the captures show, than there were to be moved",
        """
        SELECT DISTINCT l.association, l.message_number, a.requestor_ae_title AS asked_by,
               a.acceptor_ae_title AS asked, l.destination, coalesce(l.completed, 0) + coalesce(l.failed, 0) AS wanted,
               l.sent, l.kept AS arrived, l.explanation
        FROM links AS l JOIN associations AS a USING (association)
        WHERE l.relation = 'C-MOVE' AND coalesce(l.completed, 0) + coalesce(l.failed, 0) > l.kept
        ORDER BY wanted - arrived DESC, 1, 2, 3
        """,
    ),
    Query(
        "unanswered",
        "Requests that got no final response, by the AE that was asked",
        """
        SELECT asked_ae_title, asked_address, name AS operation, count(*) AS unanswered, min(time) AS first,
               max(time) AS last
        FROM exchanges WHERE final_response IS NULL GROUP BY ALL ORDER BY unanswered DESC, 1, 2, 3
        """,
    ),
    Query(
        "volume",
        "What was stored where, by hour: objects, bytes, and how fast they were sent",
        """
        SELECT date_trunc('hour', time) AS hour, asked_ae_title AS stored_at, count(*) AS objects,
               sum(data_set_length)::BIGINT AS bytes,
               round(8000 * sum(data_set_length) / nullif(sum(epoch_ns(end_time) - epoch_ns(time)), 0), 3) AS mbit_per_s
        FROM exchanges WHERE name = 'C-STORE' GROUP BY ALL ORDER BY hour, bytes DESC, 1, 2, 3
        """,
    ),
    Query(
        "findings",
        "What was found most often, errors first, and between whom",
        """
        WITH told AS (
            SELECT f.severity, f.code, sum(coalesce(f.count, 1))::BIGINT AS times,
                   count(DISTINCT f.association) AS associations,
                   count(DISTINCT (a.requestor_ae_title, a.acceptor_ae_title)) AS pairs, any_value(f.message) AS such_as
            FROM findings AS f LEFT JOIN associations AS a USING (association) GROUP BY ALL
        )
        FROM told ORDER BY list_position(['error', 'warning', 'note'], severity), times DESC, code
        """,
    ),
    Query(
        "trouble",
        "Pairs of AEs by how their associations went, the worst first",
        """
        SELECT requestor_ae_title, acceptor_ae_title, count(*) AS associations,
               count(*) FILTER (errors > 0) AS with_errors, count(*) FILTER (outcome = 'rejected') AS rejected,
               count(*) FILTER (outcome = 'aborted') AS aborted, count(*) FILTER (missing_bytes > 0) AS with_gaps
        FROM associations GROUP BY ALL ORDER BY with_errors DESC, associations DESC, 1, 2, 3
        """,
    ),
)
"""In the order in which they are listed."""


def find_query(name: str) -> Query | None:
    """Return the query of a name; None where there is none."""
    return next((query for query in QUERIES if query.name == name), None)
