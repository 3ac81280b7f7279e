"""The same function over many chunks: here, or on the workers of a dask scheduler."""


def ordered_map(function, tasks: list[tuple], client=None) -> list:
    """``[function(*task) for task in tasks]``; with ``client`` (a ``distributed.Client`` or a
    scheduler's address) on its workers.

    >>> ordered_map(pow, [(2, 3), (3, 2)])
    [8, 9]
    """
    if client is None:
        return [function(*task) for task in tasks]
    if isinstance(client, str):
        from distributed import Client

        with Client(client, set_as_default=False) as opened:
            return ordered_map(function, tasks, opened)
    return client.gather([client.submit(function, *task, pure=False) for task in tasks])
