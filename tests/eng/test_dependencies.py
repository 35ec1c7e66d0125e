"""The picture of which folders use which: what counts as a use, and what it reports."""

import unittest

from eng import dependencies

from folders import InFolder


class Picture(InFolder):
    def read(self, **files):
        """Reads sources that were written to folders: Upper_Room__Thing is Upper/Room/Thing.cs."""
        root = self.folder / str(len(list(self.folder.iterdir())))
        for name, source in files.items():
            folder, _, file = name.rpartition("__")
            path = root / folder.replace("_", "/") / f"{file}.cs"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        return dependencies.read(root)

    def uses(self, body, declared="internal static class Thing { }", namespace="A"):
        """Which types of one folder a file in another one uses."""
        files = self.read(A_Upper__User=f"using A;\nnamespace {namespace};\ninternal class User\n{{\n{body}\n}}\n",
                          A_Lower__Thing=f"namespace A;\n{declared}\n")
        return sorted(dependencies.uses(files).get(("A/Upper", "A/Lower"), ()))

    def test_where_a_type_stands(self):
        for body in ("    int F() => Thing.Find();", "    Thing* _first;", "    List<Thing> _all;", "    void F(Thing thing) { }",
                     "    object F() => new Thing();",
                     "    bool F(object o) => o is Thing;", "    int F() => sizeof(Thing);",
                     "    void F<T>() where T : struct, Thing { }"):
            with self.subTest(body):
                self.assertEqual(self.uses(body), ["Thing"])

    def test_what_is_no_use(self):
        for body in ("    // Thing.Find()", '    string F() => "Thing.Find()";', "    int F(Other o) => o.Thing.X;",
                     "    PyObject* Thing { get; set; }\n    void F() => G(Thing);",
                     "    (int A, string Thing) _pair;\n    int F() => G(_pair, Thing);",
                     "    struct Thing { }\n    Thing _own;"):
            with self.subTest(body):
                self.assertEqual(self.uses(body), [])

    def test_a_namespace_that_is_not_in_reach(self):
        files = self.read(A_Upper__User="namespace B;\ninternal class User { Thing _thing; }\n",
                          A_Lower__Thing="namespace A;\ninternal class Thing { }\n")
        self.assertEqual(dependencies.uses(files), {})

    def test_circles(self):
        files = self.read(A_One__First="namespace A;\ninternal class First { Second _x; }\n",
                          A_Two__Second="namespace A;\ninternal class Second { Third _x; }\n",
                          A_Three__Third="namespace A;\ninternal class Third { First _x; }\n",
                          A_Four__Fourth="namespace A;\ninternal class Fourth { First _x; }\n")
        self.assertEqual(dependencies.circles(dependencies.uses(files)), [{"A/One", "A/Two", "A/Three"}])
        self.assertEqual(next(dependencies.problems(files)), "folders in a circle: A/One, A/Three, A/Two")

    def test_floors(self):
        files = self.read(**{"Symplast.Memory__Low": "namespace S;\ninternal class Low { High _x; }\n",
                             "Symplast.Objects__High": "namespace S;\ninternal class High { }\n"})
        self.assertEqual(list(dependencies.problems(files)),
                         ["Symplast.Memory uses Symplast.Objects (High): memory knows no structure"])

    def test_a_type_whose_parts_lie_in_several_folders(self):
        files = self.read(**{"Symplast.Memory__Low": "namespace S;\ninternal class Low { int F() => Api.Table; }\n",
                             "Symplast.CPython__Api": "namespace S;\npublic partial struct Api { }\n",
                             "Symplast.CPython/Values__Long": "namespace S;\npublic partial struct Api { }\n"
                                                                "struct Long { Api _x; }\n",
                             "Symplast.CPython/Values__Set": "namespace S;\nstruct Set { Api _x; }\n"})
        self.assertEqual(sorted(dependencies.uses(files)),
                         [("Symplast.CPython/Values", "Symplast.CPython"), ("Symplast.Memory", "Symplast.CPython")])
        self.assertEqual(list(dependencies.problems(files)),
                         ["Symplast.Memory uses Symplast.CPython (Api): memory knows no Python"])

    def test_numbers_of_cpython(self):
        body = ("namespace S;\nclass A\n{\n    // Layout.Current.Minor\n    bool F() => Layout.Current.Minor < 14;\n"
                "    const int Equal = 2;\n}\n")
        self.read(**{"Symplast.Python/Live__A": body, "Symplast.CPython__Layout": body})
        root = next(self.folder.iterdir())
        self.assertEqual([line.partition(" ")[0] for line in dependencies.numbers(root)],
                         ["Symplast.Python/Live/A.cs:5", "Symplast.Python/Live/A.cs:6"])

    def test_what_counts_as_a_number_of_cpython(self):
        for body in ("bool F() => (number->Tag & 3) == 2;", "void F() { copy->State = Interned | (1 << 2); }",
                     "void F() { copy->Base.State = ((uint)kind << 2); }", "nuint F() => number->DigitCount * 30;",
                     "byte* F() => *(byte**)((byte*)type + NameOffset);", "nint F() => *(nint*)((byte*)o + 24);",
                     "const int DigitBits = 30;", "const int HashBits = 61;", "const long Infinite = 314159;",
                     "const int PerturbShift = 5;", "const int ProxyToDict = 48;", "const int NameOffset = 24;",
                     "const int FileInput = 257;", "const int ApiVersion = 1013;", "const int Support = 3, SupportSince315 = 86;",
                     "const int WithFormat = 0x4;", "const int Formatted = 0x4 | 0x18;", "const int Writable = 0x1;"):
            with self.subTest(body):
                root = self.folder / str(len(list(self.folder.iterdir())))
                self.read(**{"Symplast.Python__A": f"class A\n{{\n    {body}\n}}\n"})
                self.assertEqual([line.partition(" ")[0] for line in dependencies.numbers(root)], ["Symplast.Python/A.cs:3"])

    def test_what_is_no_number_of_cpython(self):
        for body in ("bool F() => number->IsNegative;", "nuint F() => number->DigitCount * PyLongObject.DigitBits;",
                     "byte* F() => *(byte**)((byte*)o + size);", "const int Formatted = Api.PyBUF_FORMAT | Api.PyBUF_STRIDES;",
                     "const int HashBits = Hashes.ModulusBits;", "const int PerSection = 257;"):
            with self.subTest(body):
                root = self.folder / str(len(list(self.folder.iterdir())))
                self.read(**{"Symplast.Python__A": f"class A\n{{\n    {body}\n}}\n"})
                self.assertEqual(list(dependencies.numbers(root)), [])

    def test_a_function_is_declared_once(self):
        field = "    public delegate* unmanaged[Cdecl]<nint, PyObject*> PyTuple_New;\n"
        self.read(**{"Symplast.CPython/Values__Tuple": f"struct Api\n{{\n{field}    public PyObject* PyTuple_Type;\n}}\n",
                     "Symplast.CPython__Other": f"struct Api\n{{\n{field}}}\n"})
        self.assertEqual(list(dependencies.declared_twice(next(self.folder.iterdir()))),
                         ["PyTuple_New is declared in Other.cs and in Tuple.cs"])


if __name__ == "__main__":
    unittest.main()
