"""No module imports itself by way of others, lazily or not: what two modules need of each other is a third one."""

import grimp

PACKAGES = ("deploy", "chat", "analysis", "knowledge", "eln", "ingest")


def circles(graph: grimp.ImportGraph) -> list[str]:
    """For each import that closes a circle, the way back."""
    found = []
    for module in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            if imported in graph.modules and (way := graph.find_shortest_chain(imported, module)):
                found.append(" -> ".join((module, *way)))
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circles(grimp.build_graph(*PACKAGES, cache_dir=None)) == []


def test_a_circle_would_be_found() -> None:
    graph = grimp.ImportGraph()
    graph.add_import(importer="one", imported="two")
    graph.add_import(importer="two", imported="three")
    assert circles(graph) == []
    graph.add_import(importer="three", imported="one")
    assert circles(graph)[0] == "one -> two -> three -> one"
