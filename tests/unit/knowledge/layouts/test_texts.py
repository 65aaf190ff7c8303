"""Texts as people and programs write tables: separators, comments, encodings, aligned blanks, marks for pages and papers."""

# ruff: noqa: E501 - a file is easier to see in one piece

from pathlib import Path

import pytest

from knowledge.imports.tables import Refused
from tests.unit.knowledge.layouts.making import Found, check, read

C3 = ("formula", "Eg (eV)", "sg")
BODY = "MgO,7.8,225\nNaCl,8.5,225\nGaAs,1.42,216\n"

TEXTS: dict[str, tuple[str, str, Found | list[Found]]] = {
    "comma": ("a.csv", f"formula,Eg (eV),sg\n{BODY}", Found(C3, 3, locators={1: "line 2", 3: "line 4"}, place="")),
    "tab_named_csv": ("a.csv", "formula\tEg (eV)\tsg\nMgO\t7.8\t225\nNaCl\t8.5\t225\n", Found(C3, 2)),
    "semicolon_decimal_comma": (
        "a.csv",
        "formula;a;b;c\nTiO2;4,593;4,593;2,959\nSnO2;4,737;4,737;3,185\nGeO2;4,395;4,4;2,86\n",
        Found(("formula", "a", "b", "c"), 3, cells={(1, "a"): "4.593", (3, "c"): "2.86"}),
    ),
    "semicolon_headless_decimal_comma": (
        "a.csv",
        "MgO;1,5;2,5\nNaCl;3,5;4,5\nKCl;5,5;6,25\n",
        Found(("column_1", "column_2", "column_3"), 3, header=False, cells={(3, "column_3"): "6.25"}),
    ),
    "tab_decimal_comma_with_uncertainty": (
        "a.tsv",
        "compound\tTc (K)\tHc2\nMgB2\t39,0(2)\t14,5 ± 0,5\nNb\t9,25\t0,4\n",
        Found(("compound", "Tc (K)", "Hc2"), 2, cells={(1, "Tc (K)"): "39.0(2)", (1, "Hc2"): "14.5 ± 0.5"}),
    ),
    "quoted_thousands": (
        "a.csv",
        'alloy,"E, Young (MPa)",n\nFe90Cr10,"210,000.5",3\nTi,"1,116,000",4\n',
        Found(("alloy", "E, Young (MPa)", "n"), 2, cells={(1, "E, Young (MPa)"): "210000.5", (2, "E, Young (MPa)"): "1116000"}),
    ),
    "ambiguous_commas_stay": ("a.tsv", "alloy\tE\nFe\t1,234\nTi\t2,345\n", Found(("alloy", "E"), 2, cells={(1, "E"): "1,234"})),
    "excel_says_its_separator": ("a.csv", "sep=;\nformula;Eg (eV);sg\nMgO;7,8;225\nNaCl;8,5;225\n", Found(C3, 2, cells={(1, "Eg (eV)"): "7.8"})),
    "long_preamble": (
        "a.csv",
        "Instrument export v2\nOperator: A. Nobody\nDate, 2020-01-02\n\nNotes on the samples\n\nformula,Eg (eV),sg\n" + BODY,
        Found(C3, 3, locators={1: "line 8"}),
    ),
    "comments": (
        "a.txt",
        "# own measurements\n# Eg (eV): optical gap at 300 K\nformula,Eg (eV),sg\nMgO,7.8,225\n# a doubtful sample\nNaCl,8.5,225\n",
        Found(
            C3,
            2,
            notes=("own measurements", "Eg (eV): optical gap at 300 K", "a doubtful sample"),
            descriptions={"Eg (eV)": "optical gap at 300 K"},
            locators={2: "line 6"},
        ),
    ),
    "header_in_a_comment": ("a.dat", "# crystals\n# formula Eg sg\nMgO 7.8 225\nNaCl 8.5 225\n", Found(("formula", "Eg", "sg"), 2)),
    "percent_comments": ("a.dat", "% made by a program\nformula  Eg  sg\nMgO  7.8  225\nNaCl  8.5  225\n", Found(("formula", "Eg", "sg"), 2)),
    "numbered_with_hash": ("a.csv", "id,formula,Tc\n#1,Nb,9.2\n#2,Pb,7.2\n#3,V,5.4\n", Found(("id", "formula", "Tc"), 3, cells={(1, "id"): "#1"})),
    "bars": ("a.txt", "formula|Eg (eV)|sg\nMgO|7.8|225\nNaCl||225\n", Found(C3, 2, cells={(2, "Eg (eV)"): ""})),
    "units_row": ("a.csv", "name,Tc,P\n,K,GPa\nMgB2,39,0\nLaH10,250,170\n", Found(("name", "Tc", "P"), 2, units={"Tc": "K", "P": "GPa"})),
    "two_header_rows": (
        "a.csv",
        ",Lattice,,Moduli,\nformula,a (Å),c (Å),B (GPa),G (GPa)\nMgO,4.21,4.21,160,130\nZnO,3.25,5.2,143,45\n",
        Found(("formula", "Lattice / a (Å)", "Lattice / c (Å)", "Moduli / B (GPa)", "Moduli / G (GPa)"), 2),
    ),
    "units_and_a_late_name": (
        "a.csv",
        "Table 2: Data\nMaterial,Temperature,Conductivity,\n,(°C),(S/cm),Ref.\nLLZO,25,3e-4,[1]\nLGPS,27,1.2e-2,[2]\n",
        Found(("Material", "Temperature", "Conductivity", "Ref."), 2, units={"Temperature": "°C", "Conductivity": "S/cm"}),
    ),
    "a_row_called_units": (
        "a.csv",
        "Name,a,c,gap\nUnits,Å,Å,eV\nMoS2,3.16,12.3,1.8\nWSe2,3.28,12.96,1.6\n",
        Found(("Name", "a", "c", "gap"), 2, units={"a": "Å", "c": "Å", "gap": "eV"}),
    ),
    "words_symbols_and_units": (
        "a.csv",
        "Compound,Lattice parameter,Band gap,Bulk modulus\nformula,a0,Eg,B0\n,Å,eV,GPa\nMgO,4.21,7.8,160\nGaAs,5.65,1.42,75\n",
        Found(
            ("Compound / formula", "Lattice parameter / a0", "Band gap / Eg", "Bulk modulus / B0"),
            2,
            units={"Lattice parameter / a0": "Å", "Band gap / Eg": "eV", "Bulk modulus / B0": "GPa"},
        ),
    ),
    "groups_by_repeated_names": (
        "a.csv",
        "formula,PBE,PBE,HSE,HSE\n,a,gap,a,gap\nMgO,4.2,4.5,4.1,6.5\nZnO,3.2,0.8,3.1,2.5\n",
        Found(("formula", "PBE / a", "PBE / gap", "HSE / a", "HSE / gap"), 2),
    ),
    "elements_across": (
        "a.csv",
        "Property,Fe,Cu,Al\nMelting point (K),1811,1358,933\nDensity (g/cm3),7.87,8.96,2.70\n",
        Found(("formula", "Melting point (K)", "Density (g/cm3)"), 3, cells={(3, "formula"): "Al", (1, "Density (g/cm3)"): "7.87"}),
    ),
    "composition_stays": ("a.csv", "Alloy,Fe,Cu,Al\nA1,90,5,5\nA2,80,10,10\n", Found(("Alloy", "Fe", "Cu", "Al"), 2)),
    "headings_and_headers_inside": (
        "a.csv",
        "Oxides\nformula,gap (eV)\nMgO,7.8\nZnO,3.3\nHalides\nformula,gap (eV)\nNaCl,8.5\nKCl,8.4\n",
        Found(("formula", "gap (eV)"), 4, title="Oxides", notes=("Halides", "formula gap (eV)"), locators={3: "line 7"}),
    ),
    "empty_first_column": ("a.csv", ",,,\n,formula,gap (eV),sg\n,MgO,7.8,225\n,NaCl,8.5,225\n", Found(("formula", "gap (eV)", "sg"), 2)),
    "numbers_parted_by_one_blank": (
        "a.dat",
        "MgO    225 4.2110\nNaCl   225 5.6402\nGaAs   216 5.6530\n",
        Found(("column_1", "column_2", "column_3"), 3, header=False, cells={(3, "column_3"): "5.6530"}),
    ),
    "spaces_in_numbers": ("a.csv", "alloy,E (MPa)\nFe90Ni10,210 000\nTi,1 116 000\n", Found(("alloy", "E (MPa)"), 2, cells={(2, "E (MPa)"): "1116000"})),
    "two_levels_of_pandas": (
        "a.csv",
        ",lattice,lattice,moduli\n,a,c,B\nformula,,,\nMgO,4.2,4.2,160\nZnO,3.25,5.2,143\n",
        Found(("formula", "lattice / a", "lattice / c", "moduli / B"), 2, units={}),
    ),
    "printed_by_pandas": (
        "a.txt",
        "  formula    gap   sg\n0     MgO   7.80  225\n1    NaCl   8.50  225\n2    GaAs   1.42  216\n",
        Found(("column_1", "formula", "gap", "sg"), 3, cells={(3, "formula"): "GaAs"}),
    ),
    "simple_table_of_rst": (
        "a.rst",
        "========= =====  ====\nformula   Eg     sg\n========= =====  ====\nMgO       7.8    225\nGaAs      1.42   216\nNaCl             225\n========= =====  ====\n",
        Found(("formula", "Eg", "sg"), 3, cells={(3, "Eg"): "", (3, "sg"): "225"}),
    ),
    "aligned": (
        "a.txt",
        "Compound      Space group   Tc / K\n----------------------------------\nMgB2          P6/mmm        39.0\nNb3Sn         Pm-3n         18.1\n",
        Found(("Compound", "Space group", "Tc / K"), 2, cells={(2, "Space group"): "Pm-3n"}),
    ),
    "aligned_with_holes": (
        "a.txt",
        "Compound    SG       Tc    Hc2\nMgB2        P6/mmm   39.0  14\nNb3Sn                18.1  25\nNbN         Fm-3m    16.0    \nV3Si        Pm-3n          23\n",
        Found(("Compound", "SG", "Tc", "Hc2"), 4, cells={(2, "SG"): "", (2, "Tc"): "18.1", (3, "Hc2"): "", (4, "Hc2"): "23"}),
    ),
    "aligned_in_chinese": (
        "a.txt",
        "化合物      空间群    转变温度\nMgB2        P6/mmm    39.0\nNb3Sn       Pm-3n     18.1\nNbN         Fm-3m     16.0\n",
        Found(("化合物", "空间群", "转变温度"), 3, cells={(3, "转变温度"): "16.0"}),
    ),
    "footnotes": (
        "a.csv",
        f"formula,Eg (eV),sg\n{BODY}\n* from reflectivity\nSource: own data\n",
        Found(C3, 3, notes=("* from reflectivity", "Source: own data")),
    ),
    "short_and_long_rows": ("a.csv", "formula,Eg (eV),sg\nMgO,7.8\nNaCl,8.5,225\nGaAs,1.42,216,9\nKCl,8.4,225,\n", Found(C3, 2, broken=(1, 3))),
    "two_tables": (
        "a.csv",
        f"Table 1\nformula,Eg (eV),sg\n{BODY}\nTable 2\ncompound,Tc (K)\nMgB2,39\nNb,9.2\n",
        [Found(C3, 3, title="Table 1", place="lines 1-5"), Found(("compound", "Tc (K)"), 2, title="Table 2", locators={1: "line 9"})],
    ),
    "file_of_r": ("a.txt", '"formula" "Eg" "sg"\n"1" "MgO" 7.8 225\n"2" "NaCl" 8.5 225\n', Found(("column_1", "formula", "Eg", "sg"), 2)),
    "index_of_pandas": ("a.csv", ",formula,Eg\n0,MgO,7.8\n1,NaCl,8.5\n", Found(("column_1", "formula", "Eg"), 2)),
    "empty_last_column": ("a.csv", "formula,Eg,\nMgO,7.8,\nNaCl,8.5,\n", Found(("formula", "Eg"), 2)),
    "open_quote": (
        "a.csv",
        "formula,Eg,remark\n" + 'MgO,7.8,"not closed\n' + "".join(f"Na{n}Cl,8.5,x\n" for n in range(2, 40)),
        Found(("formula", "Eg", "remark"), 39, cells={(1, "remark"): '"not closed'}),
    ),
    "line_end_in_a_cell": ("a.csv", 'formula,Eg,remark\nMgO,7.8,"two\nlines"\nNaCl,8.5,one\n', Found(("formula", "Eg", "remark"), 2, cells={(1, "remark"): "two lines"}, locators={2: "line 4"})),
    "old_line_ends": ("a.csv", "formula,Eg\rMgO,7.8\rNaCl,8.5\r", Found(("formula", "Eg"), 2)),
    "marks_of_pages_in_cells": (
        "a.csv",
        'id,formula,d33\n"<a href=""https://x.org/mp-1/"">mp-1</a>",Bi<sub>2</sub>Se<sub>3</sub>,&lt;3\n<a href=https://x.org/mp-2>link</a>,<i>&alpha;</i>-SiO<sub>2</sub>,2.3<sup>a</sup>\n',
        Found(("id", "formula", "d33"), 2, cells={(1, "id"): "mp-1", (1, "formula"): "Bi2Se3", (1, "d33"): "<3", (2, "id"): "https://x.org/mp-2", (2, "formula"): "α-SiO2", (2, "d33"): "2.3"}),
    ),
    "limits_are_no_marks": ("a.csv", "formula,sigma\nLi3N,<1E-10\nLiI,>2e-7\n", Found(("formula", "sigma"), 2, cells={(1, "sigma"): "<1E-10"})),
    "errors_of_spreadsheets": ("a.csv", "formula,Eg\nMgO,#DIV/0!\nNaCl,8.5\nKCl,#N/A\n", Found(("formula", "Eg"), 3, lost=((1, "Eg"), (3, "Eg")), cells={(1, "Eg"): ""})),
    "words_only": ("a.csv", "formula,colour\nMgO,white\nNaCl,white\n", Found(("formula", "colour"), 2)),
    "words_without_header": ("a.csv", "MgO,white\nNaCl,white\nCuO,black\n", Found(("column_1", "column_2"), 3, header=False)),
    "sums_below": ("a.csv", f"formula,Eg (eV),sg\n{BODY}mean,5.9,\n", Found(C3, 3, broken=(4,))),
    "repeated_header": ("a.csv", f"formula,Eg (eV),sg\n{BODY}formula,Eg (eV),sg\nKCl,8.4,225\n", Found(C3, 4, locators={4: "line 6"})),
    "markdown": (
        "notes.md",
        "# Gaps\n\nSome words | here.\n\n## Table of **gaps**\n\n| formula | *Eg* (eV) | [ref](http://x.org) |\n|:--|--:|:-:|\n| MgO | 7.8 | [own](http://x.org/1) |\n| `NaCl` | **8.5** | a \\| b |\n\nDone.\n",
        Found(("formula", "Eg (eV)", "ref"), 2, cells={(2, "formula"): "NaCl", (2, "Eg (eV)"): "8.5", (2, "ref"): "a | b"}, title="Table of gaps", locators={1: "line 9"}),
    ),
    "markdown_without_outer_bars": ("a.md", "formula | Eg\n--- | ---\nMgO | 7.8\nNaCl | 8.5\n", Found(("formula", "Eg"), 2)),
    "markdown_two_tables": (
        "a.md",
        "Table 1: gaps\n\n|formula|Eg|\n|-|-|\n|MgO|7.8|\n|KCl|8.4|\n\n### Superconductors\n\n|compound|Tc|\n|-|-|\n|Nb|9.2|\n",
        [Found(("formula", "Eg"), 2, title="Table 1: gaps"), Found(("compound", "Tc"), 1, title="Superconductors", place="lines 10-12")],
    ),
    "rst_grid": (
        "a.rst",
        "+---------+-----+\n| formula | Eg  |\n+=========+=====+\n| MgO     | 7.8 |\n+---------+-----+\n| NaCl    | 8.5 |\n+---------+-----+\n",
        Found(("formula", "Eg"), 2, locators={2: "line 6"}),
    ),
    "shell_of_a_database": ("a.txt", " formula | eg  \n---------+-----\n MgO     | 7.8\n NaCl    | 8.5\n(2 rows)\n", Found(("formula", "eg"), 2)),
    "latex": (
        "a.tex",
        r"""
\documentclass{article}\begin{document}
\begin{table}\caption{Critical temperatures of \emph{some} compounds.}
\begin{tabular}{l|cc}
\hline
Compound & $T_\mathrm{c}$ (K) & $\mu_0 H_{c2}$ (T) \\ \hline
MgB$_2$ & 39.0(2) & 14 \\
\ce{Nb3Sn} & $18.1 \pm 0.1$ & 25~\\[2pt]
YBa$_{2}$Cu$_{3}$O$_{7-\delta}$ & 92 & $>$100 \\ % the best
\hline
\end{tabular}\end{table}\end{document}
""",
        Found(
            ("Compound", "Tc (K)", "μ0 Hc2 (T)"),
            3,
            cells={(1, "Compound"): "MgB2", (2, "Tc (K)"): "18.1 ± 0.1", (2, "Compound"): "Nb3Sn", (3, "Compound"): "YBa2Cu3O7-δ", (3, "μ0 Hc2 (T)"): ">100"},
            title="Critical temperatures of some compounds.",
            locators={1: "line 7"},
        ),
    ),
    "latex_with_groups": (
        "a.tex",
        r"""\begin{tabular*}{\textwidth}{lcccc}\toprule
 & \multicolumn{2}{c}{PBE} & \multicolumn{2}{c}{HSE06} \\ \cmidrule(lr){2-3}\cmidrule(lr){4-5}
Formula & $a$ (\AA) & $E_g$ (eV) & $a$ (\AA) & $E_g$ (eV) \\ \midrule
\multirow{2}{*}{ZnO} & 3.29 & 0.8 & 3.26 & 2.5 \\
 & 3.28 & 0.7 & 3.25 & 2.4 \\
MgO & 4.25 & 4.5 & 4.21 & 6.5 \\ \bottomrule
\end{tabular*}""",
        Found(("Formula", "PBE / a (Å)", "PBE / Eg (eV)", "HSE06 / a (Å)", "HSE06 / Eg (eV)"), 3, cells={(2, "Formula"): "ZnO", (3, "HSE06 / Eg (eV)"): "6.5"}),
    ),
    "page": (
        "export.xls",
        "<html><head><style>td{}</style><script>var a='<table>';</script></head><body><h2>Gaps &amp; groups</h2><table border=1>"
        "<tr><th rowspan=2>formula<th colspan=2>HSE06</tr><tr><th>E<sub>g</sub> (eV)<th>a (&Aring;)</tr>"
        "<tr><td rowspan=2>ZnO<td>2.5<td>3.26<tr><td>2.4<td>3.25<tr><td><a href='/mp/5'>MgO</a><td>6.5<sup>[1]</sup><td>4.21</table>"
        "<p>bye</body></html>",
        Found(
            ("formula", "HSE06 / Eg (eV)", "HSE06 / a (Å)"),
            3,
            cells={(2, "formula"): "ZnO", (3, "formula"): "MgO", (3, "HSE06 / Eg (eV)"): "6.5"},
            title="Gaps & groups",
            locators={1: "row 3"},
        ),
    ),
    "page_that_calls_itself_csv": (
        "a.csv",
        "<table><thead><tr><th>formula</th><th>Tc</th></tr></thead><tbody><tr><td>Nb</td><td>9.2</td></tr><tr><td>Pb</td><td>7.2</td></tr></tbody></table>",
        Found(("formula", "Tc"), 2),
    ),
    "page_of_layout_tables": (
        "a.html",
        "<!DOCTYPE html><html><body><table><tr><td><table><caption>Tc list</caption><tr><td>compound</td><td>Tc (K)</td></tr><tr><td>Nb</td><td>9.2</td></tr><tr><td>Pb</td><td>7.2</td></tr></table></td></tr></table></body></html>",
        Found(("compound", "Tc (K)"), 2, title="Tc list"),
    ),
    "sheet_as_xml": (
        "a.xls",
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        '<Worksheet ss:Name="Tc"><Table><Row><Cell><Data ss:Type="String">compound</Data></Cell><Cell><Data ss:Type="String">Tc</Data></Cell></Row>'
        '<Row ss:Index="4"><Cell><Data ss:Type="String">Nb</Data></Cell><Cell><Data ss:Type="Number">9.2</Data></Cell></Row></Table></Worksheet></Workbook>',
        Found(("compound", "Tc"), 1, place="sheet Tc", locators={1: "sheet Tc, row 4"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_becomes_its_tables(tmp_path: Path, name: str) -> None:
    file, text, wanted = TEXTS[name]
    check(read(tmp_path, file, text), *(wanted if isinstance(wanted, list) else [wanted]))


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gbk", "材料,带隙,备注\nMgO,7.8,绝缘体材料\nGaAs,1.42,半导体材料\n"),
        ("gb18030", "材料,带隙,备注\nMgO,7.8,绝缘体材料\nGaAs,1.42,半导体材料\n"),
        ("big5", "材料,能隙,備註\nMgO,7.8,這是一種絕緣體材料\nGaAs,1.42,這是一種半導體材料\n"),
        ("utf-8-sig", "材料,带隙,备注\nMgO,7.8,绝缘体\nGaAs,1.42,半导体\n"),
        ("utf-16", "材料,带隙,备注\nMgO,7.8,绝缘体\nGaAs,1.42,半导体\n"),
        ("utf-16-le", "formula,gap (eV),remark\nMgO,7.8,insulator\nGaAs,1.42,µ-crystal\n"),
        ("shift_jis", "化合物,バンドギャップ,備考\nMgO,7.8,これは絶縁体です\nGaAs,1.42,半導体のデータです\n"),
        ("latin-1", "Verbindung,Bandlücke (eV),Größe (µm)\nMgO,7.8,3\nGaAs,1.42,4\n"),
    ],
)
def test_encodings_are_told_from_the_bytes(tmp_path: Path, encoding: str, text: str) -> None:
    (table,) = read(tmp_path, "table.csv", text.encode(encoding))
    rows = [tuple(line.split(",")) for line in text.splitlines()]
    assert table.columns == rows[0]
    assert table.rows == rows[1:]


def test_links_behind_cells_are_kept(tmp_path: Path) -> None:
    (table,) = read(tmp_path, "a.csv", 'id,formula,Tc\n"<a href=""https://x.org/1"">mp-1</a>",Nb,9.2\nmp-2,Pb,7.2\n')
    assert table.links == {(1, "id"): "https://x.org/1"}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.xy", "\n".join(f"{10 + n * 0.02:.2f}\t{n % 9}" for n in range(80)), "measured curve"),
        ("a.csv", "2theta,counts\n" + "\n".join(f"{10 + n * 0.02:.2f},{n % 9}" for n in range(80)), "measured curve"),
        ("a.txt", "only words in lines\nof no kind\nthat say nothing at all\n", "is no table"),
        ("a.html", "<!DOCTYPE html><html><body><p>Not found</p></body></html>", "without a table"),
        ("a.xlsx", "no workbook at all", "cannot be opened as a workbook"),
        ("a.txt", "data_x\n_cell_length_a 4.2\n_cell_length_b 4.2\n", "crystal structure"),
        ("a.csv", "   \n\n", "is empty"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_its_reason(tmp_path: Path, name: str, text: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        read(tmp_path, name, text)
