"""A corpus of exports in the habits of many systems, each with the tables that it must become."""

from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from sopkit.intake import Import
from sopkit.sources import check

SALES = "item,market,bucket,quantity,revenue\n"
EXPORTS = {}  # name: (file name, content, expected tables, options)


def export(name, file, content, sales=None, options=None, **tables):
    """``content``: text, bytes, or a function that writes the path."""
    tables |= {"sales_history": sales} if sales else {}
    EXPORTS[name] = (file, content, tables, options or {})


export(
    "SAP, German",
    "VA05.csv",
    "Verkaufsstatistik\nStand: 05.11.2026\n\n"
    "Fakturadatum;Material;Bezeichnung;Warengruppe;Vertriebsweg;Menge;ME;Nettowert\n"
    "03.01.2026;000123;Pumpe, groß;Pumpen;Handel;1.200,50;ST;24.010,00\n"
    "03.01.2026;000123;Pumpe, groß;Pumpen;Handel;10;ST;200,00 EUR\n"
    "14.02.2026;V-7;Ventil;Ventile;Direkt;12-;ST;240,00-\n\n"
    "Gesamtergebnis;;;;;1.198,50;;23.970,00\n",
    "item,market,bucket,quantity,revenue\n000123,Handel,2026-01-03,1210.5,24210\nV-7,Direkt,2026-02-14,-12,-240\n",
    items='item,family,description,unit,price\n000123,Pumpen,"Pumpe, groß",ST,20\nV-7,Ventile,Ventil,ST,\n',
)
export(
    "SAP, field names, day stamps without signs",
    "MCTA.txt",
    "MATNR\tFKDAT\tVTWEG\tFKIMG\tNETWR\n4711\t20260131\t10\t5,000\t50,00\n4711\t20260201\t10\t7,500\t75,00\n",
    SALES + "4711,10,2026-01-31,5,50\n4711,10,2026-02-01,7.5,75\n",
    items="item,price\n4711,10\n",
)
export(
    "Oracle, DD-MON-RR and a closing note",
    "order_lines.csv",
    "ORDERED_ITEM,SCHEDULE_SHIP_DATE,CUSTOMER_NAME,ORDERED_QUANTITY,EXTENDED_PRICE\n"
    'AS54888,03-JAN-26,Acme,"1,200","24,000.00"\nAS54888,31-JAN-26,Bell,80,"1,600.00"\n\n2 rows selected.\n',
    SALES + "AS54888,Acme,2026-01-03,1200,24000\nAS54888,Bell,2026-01-31,80,1600\n",
    items="item,price\nAS54888,20\n",
)
export(
    "Dynamics, US stamps with a clock",
    "CustInvoiceTrans.csv",
    '"InvoiceDate","ItemNumber","ProductName","SalesUnitSymbol","InvoicedQuantity","LineAmount"\n'
    '"1/31/2026 12:00:00 AM","D0001","Speaker, mid","ea","3.00","90.00"\n'
    '"2/1/2026 12:00:00 AM","D0001","Speaker, mid","ea","(1.00)","(30.00)"\n',
    "item,bucket,quantity,revenue\nD0001,2026-01-31,3,90\nD0001,2026-02-01,-1,-30\n",
    items='item,description,unit,price\nD0001,"Speaker, mid",ea,30\n',
)
export(
    "NetSuite, dollars and a total",
    "SalesbyItem123.csv",
    "Sales by Item\nJan 2026 - Feb 2026\n\nDate,Item,Subsidiary,Qty. Sold,Amount\n"
    '1/15/2026,BOLT,US,4,"$1,234.50"\n1/16/2026,BOLT,US,-1,"-$308.63"\n2/3/2026,NUT,CA,9,$9.00\nTotal,,,12,$934.87\n',
    SALES + "BOLT,US,2026-01-15,4,1234.5\nBOLT,US,2026-01-16,-1,-308.63\nNUT,CA,2026-02-03,9,9\n",
    items="item,price\nBOLT,308.6233\nNUT,1\n",
)
export(
    "Shopify orders, zones and quoted line breaks",
    "orders_export_1.csv",
    "Name,Email,Financial Status,Currency,Subtotal,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,"
    "Shipping Country,Notes,Vendor\n"
    '#1001,a@x.com,paid,EUR,30.00,2026-01-03 10:12:44 +0100,2,"T-Shirt, red",10.00,TS-RED,DE,"ring\ntwice",Acme\n'
    "#1001,a@x.com,,,,2026-01-03 10:12:44 +0100,1,Mug,10.00,MUG,DE,,Acme\n"
    "#1002,b@x.com,paid,EUR,10.00,2026-02-01 09:00:00 +0100,1,Mug,9.50,MUG,FR,,Acme\n",
    "item,market,bucket,quantity\nMUG,DE,2026-01-03,1\nMUG,FR,2026-02-01,1\nTS-RED,DE,2026-01-03,2\n",
    items='item,description,price\nMUG,Mug,10\nTS-RED,"T-Shirt, red",10\n',
)
export(
    "frePPLe demand",
    "demand.csv",
    "name,item,location,customer,quantity,due,status,priority\n"
    "Order 1,chair,factory 1,Near Inc,10,2026-01-05 00:00:00,open,1\n"
    "Order 2,chair,factory 1,Far Inc,20,2026-02-10 00:00:00,closed,1\n",
    "item,market,bucket,quantity\nchair,factory 1,2026-01-05,10\nchair,factory 1,2026-02-10,20\n",
    items="item\nchair\n",
)


export(
    "SAP, subtotals and results between the lines",
    "KE30.csv",
    ";Material;Kalendermonat;Werk;Menge\n;A;01.2026;1000;5\n;A;02.2026;1000;6\n*;A;;1000;11\n;B;01.2026;2000;7\n"
    ";B;Ergebnis;2000;7\n* 2000;;;;7\n**;;;;18\n",
    "item,bucket,quantity\nA,2026-01-01,5\nA,2026-02-01,6\nB,2026-01-01,7\n",
    items="item\nA\nB\n",
)


def _excel(path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Umsatz"
    for row in (
        ["Absatz je Artikel"],
        [None, "erstellt von: Müller"],
        [],
        ["Artikelnr.", "Datum", "Menge (Stk)", "Umsatz €"],
        [4711, datetime(2026, 1, 31), 5.0, 49.95],
        [4711, datetime(2026, 2, 1), 2.0, 20],
        ["A-1", datetime(2026, 2, 1), 1.5, 3],
        [],
        ["Summe", None, 8.5, 72.95],
    ):
        sheet.append(row)
    book.create_sheet("Notizen").append(["nur für uns"])
    book.save(path)


export(
    "Excel with title rows, totals and a sheet of notes",
    "Absatz.xlsx",
    _excel,
    "item,bucket,quantity,revenue\n4711,2026-01-31,5,49.95\n4711,2026-02-01,2,20\nA-1,2026-02-01,1.5,3\n",
    items="item,price\n4711,9.9929\nA-1,2\n",
)
export(
    "parquet",
    "sales.parquet",
    lambda path: pd.DataFrame(
        {
            "sku": [11.0, 11.0],
            "order_date": pd.to_datetime(["2026-01-05", "2026-01-06"]),
            "qty": [1, 2],
        }
    ).to_parquet(path),
    "item,bucket,quantity\n11,2026-01-05,1\n11,2026-01-06,2\n",
    items="item\n11\n",
)
export(
    "French, spaces as thousands",
    "ventes.csv",
    "Date de facture;Code article;Libellé;Région;Quantité;Montant HT\n"
    "05/01/2026;RF-1;Vélo;Nord;1 200;24 000,50 €\n31/01/2026;RF-1;Vélo;Sud;3;60,00 €\nTotal général;;;;1 203;24 060,50 €\n".replace(
        "1 2", "1\u202f2"
    ),
    SALES + "RF-1,Nord,2026-01-05,1200,24000.5\nRF-1,Sud,2026-01-31,3,60\n",
    items="item,description,price\nRF-1,Vélo,20.0004\n",
)
export(
    "Spanish in latin-1, months by name",
    "ventas.csv",
    "Artículo;Familia;Mes;Unidades;Importe\nSillón;Hogar;enero 2026;7;70,5\nSillón;Hogar;feb. 2026;1;10\n".encode(
        "latin-1"
    ),
    "item,bucket,quantity,revenue\nSillón,2026-01-01,7,70.5\nSillón,2026-02-01,1,10\n",
    items="item,family,price\nSillón,Hogar,10.0625\n",
)
export(
    "UTF-16 with tabs, as Excel saves Unicode text",
    "Unicode.txt",
    "Artikel\tDatum\tAnzahl\nÖ-1\t31.01.2026\t3\nÖ-1\t01.02.2026\t1.000\n".encode("utf-16"),
    "item,bucket,quantity\nÖ-1,2026-01-31,3\nÖ-1,2026-02-01,1000\n",
    {"ask": lambda *question: "1.234,5"},
    items="item\nÖ-1\n",
)
export(
    "byte-order mark, US dates, blank lines and a repeated header",
    "us.csv",
    "\ufeffSKU,Ship Date,Units\nA,05/31/2026,1\n\nSKU,Ship Date,Units\nA,06/01/2026,2\n,,\n",
    "item,bucket,quantity\nA,2026-05-31,1\nA,2026-06-01,2\n",
    items="item\nA\n",
)
export(
    "years of two digits, one row tells",
    "short.csv",
    "item;date;qty\nA;01/02/26;1\nA;13/02/26;2\n",
    "item,bucket,quantity\nA,2026-02-01,1\nA,2026-02-13,2\n",
    items="item\nA\n",
)
export(
    "open dates, told on the command line",
    "open.csv",
    "item,date,qty\nA,01/02/2026,1\nA,03/04/2026,2\n",
    "item,bucket,quantity\nA,2026-01-02,1\nA,2026-03-04,2\n",
    {"dates": "mdy"},
    items="item\nA\n",
)
export(
    "ISO weeks",
    "weeks.csv",
    "Artikel;KW;Menge\nA;2026-W01;4\nA;KW 02/2026;5\n",
    "item,bucket,quantity\nA,2025-12-29,4\nA,2026-01-05,5\n",
    items="item\nA\n",
)
export(
    "months as columns with sums",
    "pivot.csv",
    "Item;Region;Jan 26;Feb 26;Mrz 26;Total\nA;North;1;2;;3\nB;South;;4;5;9\nTotal;;1;6;5;12\n",
    "item,market,bucket,quantity\nA,North,2026-01-01,1\nA,North,2026-02-01,2\nB,South,2026-02-01,4\nB,South,2026-03-01,5\n",
    items="item\nA\nB\n",
)
export(
    "duplicated days, rows without an item, hostile texts",
    "dup.csv",
    'sku,date,qty,description\n=1+1,2026-01-01,1,"=cmd|\'/c calc\'!A0"\n=1+1,2026-01-01,2,__import__("os")\n,2026-01-01,5,shipping\nB,2026-01-02,1,{0}\n',
    "item,bucket,quantity\n=1+1,2026-01-01,3\nB,2026-01-02,1\n",
    items="item,description\n=1+1,=cmd|'/c calc'!A0\nB,{0}\n",
)
export(
    "customers that are too many, region instead",
    "customers.csv",
    "Date,Part Number,Customer,Territory,Qty\n"
    + "".join(
        f"2026-01-{1 + n % 28:02},P,C{n},{'East' if n % 2 else 'West'},1\n" for n in range(56)
    ),
    "item,market,bucket,quantity\n"
    + "".join(
        f"P,{'East' if n % 2 else 'West'},2026-01-{1 + n:02},2\n"
        for n in [*range(1, 28, 2), *range(0, 28, 2)]
    ),
    {"market": "Territory"},
    items="item\nP\n",
)
export(
    "headers that say nothing: told by content",
    "content.csv",
    "Ref;Jour;Nb;Zone\nX1;05/01/2026;3;a\nX1;31/01/2026;4;b\nX2;31/01/2026;5;b\n".replace(
        "Ref", "Kürzel"
    )
    .replace("Jour", "Wann")
    .replace("Nb", "Wieviel")
    .replace(";Zone", "")
    .replace(";a", "")
    .replace(";b", ""),
    "item,bucket,quantity\nX1,2026-01-05,3\nX1,2026-01-31,4\nX2,2026-01-31,5\n",
    items="item\nX1\nX2\n",
)
export(
    "our own tables pass as they are",
    "sales_history.csv",
    "item,market,bucket,quantity,revenue\nA,North,2026-01-01,1.25,\nB,South,2026-02-01,2,7\n",
    SALES + "A,North,2026-01-01,1.25,\nB,South,2026-02-01,2,7\n",
    items="item,price\nA,\nB,3.5\n",
)
export(
    "order lines with a wanted day: orders and sales",
    "auftraege.csv",
    "Auftrag;Pos;Material;Auftragsdatum;Wunschlieferdatum;Warenausgang;Auftragsmenge;Nettowert\n"
    "5001;10;P1;02.01.2026;31.01.2026;30.01.2026;5;50,00\n5001;20;P2;02.01.2026;15.02.2026;;2;8,00\n",
    "item,bucket,quantity,revenue\nP1,2026-01-31,5,50\nP2,2026-02-15,2,8\n",
    orders="order,line,item,ordered_on,requested_on,shipped_on,quantity\n"
    "5001,10,P1,2026-01-02,2026-01-31,2026-01-30,5\n5001,20,P2,2026-01-02,2026-02-15,,2\n",
    items="item,price\nP1,10\nP2,4\n",
)
for _name, _file, _text, _table, _made in (
    (
        "a bill of materials",
        "Stückliste.csv",
        "Material;Komponente;Menge;Ausschuss\nBike;Frame;1;\nBike;Wheel;2;0,1\n",
        "components",
        "parent,child,quantity_per,scrap\nBike,Frame,1,\nBike,Wheel,2,0.1\n",
    ),
    (
        "ways between warehouses",
        "transfers.csv",
        "From Warehouse,To Warehouse,SKU,Cost,Transit Time\nHub,East,A,1.5,1\nHub,West,,2,0\n",
        "lanes",
        "from,to,item,unit_cost,lead_time\nHub,East,A,1.5,1\nHub,West,,2,0\n",
    ),
    (
        "a fiscal calendar",
        "Fiscal calendar.csv",
        "Fiscal Period,Start Date,End Date\nP01,12/28/2026,01/24/2027\nP02,01/25/2027,02/21/2027\n",
        "calendar",
        "period,starts_on\nP01,2026-12-28\nP02,2027-01-25\n",
    ),
    (
        "suppliers by plant",
        "Lieferanten.csv",
        "Material;Lieferant;Werk;Preis;Lieferzeit\nA;Metall AG;1000;2,50;2\nA;Metall AG;2000;2,75;3\n",
        "sourcing",
        "item,source,site,unit_cost,lead_time\nA,Metall AG,1000,2.5,2\nA,Metall AG,2000,2.75,3\n",
    ),
    (
        "hours of work centers",
        "capacity.csv",
        "Work Center,Plant,Month,Available Hours\nPress,P1,2026-11,160\nPress,P1,2026-12,120\n",
        "resources",
        "resource,bucket,site,hours\nPress,2026-11-01,P1,160\nPress,2026-12-01,P1,120\n",
    ),
    (
        "orders by the warehouse they arrive at",
        "purchases.csv",
        "PO Number,Item,Warehouse,Open Quantity,Due Date\n1,A,East,40,2026-11-15\n2,A,West,30,2026-11-15\n",
        "receipts",
        "item,site,due_on,quantity\nA,East,2026-11-15,40\nA,West,2026-11-15,30\n",
    ),
    (
        "stock by place, one day",
        "Lagerbestand.csv",
        "Material;Werk;Lagerort;Frei verwendbar;Stichtag\nA;1;10;5;31.10.2026\nA;1;20;7;31.10.2026\nB;1;10;3-;31.10.2026\n",
        "inventory",
        "item,site,on_hand,as_of\nA,1,12,2026-10-31\nB,1,-3,2026-10-31\n",
    ),
    (
        "stock at the ends of months",
        "stock_history.csv",
        "sku,date,on hand\nA,2026-09-30,5\nA,2026-10-31,6\n",
        "inventory_history",
        "item,bucket,on_hand\nA,2026-09-30,5\nA,2026-10-31,6\n",
    ),
    (
        "purchase orders",
        "open_po.csv",
        "PO Number,Vendor,Item,Quantity Remaining,Expected Receipt Date,Order Date\n1,V,A,40,11/15/2026,10/01/2026\n",
        "receipts",
        "item,due_on,quantity,ordered_on\nA,2026-11-15,40,2026-10-01\n",
    ),
    (
        "production",
        "Rückmeldungen.csv",
        "Material;Buchungsdatum;Planmenge;Gutmenge\nA;30.09.2026;10;9\nA;31.10.2026;10;11\n",
        "production_history",
        "item,bucket,planned,actual\nA,2026-09-30,10,9\nA,2026-10-31,10,11\n",
    ),
    (
        "budget",
        "Budget 2027.csv",
        "Warengruppe;Monat;Menge;Umsatz;Deckungsbeitrag\nPumpen;01.2027;10;1.000,00;400\nPumpen;02.2027;12;1.200,00;480\n",
        "budget",
        "family,bucket,quantity,revenue,margin\nPumpen,2027-01-01,10,1000,400\nPumpen,2027-02-01,12,1200,480\n",
    ),
    (
        "item master",
        "products.csv",
        "SKU,Title,Product Type,Price,Cost per item\nA,Apple,Fruit,$2.50,$1.00\nB,Bean,,$3,$2\n",
        "items",
        "item,family,description,price,unit_cost\nA,Fruit,Apple,2.5,1\nB,,Bean,3,2\n",
    ),
):
    export(_name, _file, _text, **{_table: _made})


def written(folder):
    return {path.stem: path.read_text() for path in folder.glob("*.csv")}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_becomes_these_tables(name, tmp_path):
    file, content, expected, options = EXPORTS[name]
    path, folder = tmp_path / file, tmp_path / "company"
    if callable(content):
        content(path)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    folder.mkdir()
    Import([path], folder, **options).fill(folder)
    assert written(folder) == expected
    if "sales_history" in expected:  # and they are facts without an error
        assert "error" not in set(check(folder)["severity"])
    # Next month needs no question and no option, and the same file gives the same tables.
    before = written(folder), Path(folder, "settings.toml").read_bytes()
    Import([path], folder).fill(folder)
    assert (written(folder), Path(folder, "settings.toml").read_bytes()) == before
